import { readFile } from "node:fs/promises";
import { z } from "zod";

export type EnforcementLevel = "advisory" | "mandatory" | "disabled" | "remediate";

/** In the order of Pulumi's protocol. */
export const ENFORCEMENT_LEVELS: EnforcementLevel[] = ["advisory", "mandatory", "disabled", "remediate"];

export interface PolicySetting {
    level: EnforcementLevel;
    properties: Record<string, unknown>;
}

/** What a policy pack says about one of its policies. */
export interface PolicyInfo {
    name: string;
    level: EnforcementLevel;
    /** JSON schema of each property. */
    properties: Record<string, { default?: unknown; type?: unknown }>;
    required: string[];
}

const level = z.enum(["advisory", "mandatory", "disabled", "remediate"]);
const fileSchema = z.record(z.string(), z.union([level, z.looseObject({ enforcementLevel: level.optional() })]));

type FileSettings = Record<string, { level: EnforcementLevel | undefined; properties: Record<string, unknown> }>;

/** Reads a policy configuration file, the one of `pulumi --policy-pack-config`: policy name (or "all") to level or settings. */
export async function readPolicyConfig(file: string): Promise<FileSettings> {
    const parsed = fileSchema.safeParse(JSON.parse(await readFile(file, "utf8")));
    if (!parsed.success) {
        const { path, message } = parsed.error.issues[0]!;
        throw new Error(`${file}: ${path.join(".")}: ${message}. Nothing was done.`);
    }
    return Object.fromEntries(
        Object.entries(parsed.data).map(([name, setting]) => {
            if (typeof setting === "string") return [name, { level: setting, properties: {} }];
            const { enforcementLevel, ...properties } = setting;
            return [name, { level: enforcementLevel, properties }];
        }),
    );
}

function jsonType(value: unknown): string {
    if (value === null) return "null";
    return Array.isArray(value) ? "array" : typeof value;
}

/** The first thing wrong with a policy's settings, by its schema's required properties and their types. */
function problemWith(policy: PolicyInfo, properties: Record<string, unknown>): string | undefined {
    const missing = policy.required.find(name => properties[name] === undefined);
    if (missing !== undefined) return `${missing} is required`;
    for (const [name, schema] of Object.entries(policy.properties)) {
        const value = properties[name];
        if (value === undefined || schema.type === undefined) continue;
        const allowed = [schema.type].flat();
        const type = jsonType(value);
        const fits = allowed.includes(type) || (Number.isInteger(value) && allowed.includes("integer"));
        if (!fits) return `${name} must be of type ${allowed.join(" or ")}, not ${type}`;
    }
    return undefined;
}

/** Settings of every policy of a pack: its defaults, overridden by the pack's own configuration and then by the file's. */
export function reconcile(policies: PolicyInfo[], ...layers: FileSettings[]): Map<string, PolicySetting> {
    const settings = new Map<string, PolicySetting>();
    for (const policy of policies) {
        const defaults = Object.entries(policy.properties).filter(([, schema]) => schema.default !== undefined);
        const properties = Object.fromEntries(defaults.map(([name, schema]) => [name, schema.default]));
        const setting: PolicySetting = { level: policy.level, properties };
        for (const layer of layers) {
            const own = layer[policy.name];
            setting.level = own?.level ?? layer.all?.level ?? setting.level;
            Object.assign(setting.properties, own?.properties);
        }
        const problem = problemWith(policy, setting.properties);
        if (problem !== undefined)
            throw new Error(`Policy ${policy.name}: ${problem}. Nothing was done. Set it in the policy configuration.`);
        settings.set(policy.name, setting);
    }
    return settings;
}
