import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, parseDocument } from "yaml";
import { z } from "zod";
import { Unsupported } from "../protocol/unsupported.ts";
import { replaceFile } from "../state/replaceFile.ts";
import type { Crypter } from "../state/secrets.ts";

/** One configuration value as programs and plugins get it: text, objects and lists as JSON. */
export interface ConfigValue {
    text: string;
    secret: boolean;
}

/** Settings of one stack, out of Pulumi.STACK.yaml. Values are still encrypted. */
export interface StackSettings {
    file: string;
    encryptionSalt: string | undefined;
    /** Full key (`namespace:name`) to the value as it stands in the file. */
    values: Map<string, unknown>;
}

const KNOWN = new Set(["config", "encryptionsalt"]);

/** `name` belongs to the project; `namespace:config:name` is an older way to write `namespace:name`. */
function fullKey(key: string, project: string): string {
    const parts = key.split(":");
    if (parts.length === 1) return `${project}:${key}`;
    return parts.length === 3 && parts[1] === "config" ? `${parts[0]}:${parts[2]}` : key;
}

const settingsSchema = z.looseObject({
    config: z.record(z.string(), z.unknown()).nullish(),
    encryptionsalt: z.string().nullish(),
});

/** A stack's file as a document that keeps its comments, and what it says. One that is not there says nothing. */
async function readSettingsFile(file: string): Promise<{ document: Document; says: z.infer<typeof settingsSchema> }> {
    const document = parseDocument(await readFile(file, "utf8").catch(() => ""));
    const refusal = (why: string) => new Error(`${file}: ${why.split("\n")[0]} Nothing was done.`);
    if (document.errors[0]) throw refusal(document.errors[0].message);
    let content: unknown;
    try {
        content = document.toJS() ?? {};
    } catch (error) {
        throw refusal(`${(error as Error).message}.`);
    }
    const { success, data, error } = settingsSchema.safeParse(content);
    if (success) return { document, says: data };
    const { path, message } = error.issues[0]!;
    throw refusal(`${path.join(".") || "the file"}: ${message}.`);
}

/** Reads Pulumi.STACK.yaml; a stack without that file has no configuration. */
export async function readStackSettings(directory: string, project: string, stack: string): Promise<StackSettings> {
    const file = join(directory, `Pulumi.${stack}.yaml`);
    const { says } = await readSettingsFile(file);
    for (const key of Object.keys(says)) if (!KNOWN.has(key)) throw new Unsupported(`"${key}"`, file);
    const values = new Map<string, unknown>();
    for (const [key, value] of Object.entries(says.config ?? {})) {
        const full = fullKey(key, project);
        if (full.startsWith("pulumi:") && full !== "pulumi:tags") throw new Unsupported(`the setting ${full}`, file);
        values.set(full, value);
    }
    return { file, encryptionSalt: says.encryptionsalt ?? undefined, values };
}

/** Writes the stack's salt, and leaves the rest of the file and its comments as they are. */
export async function writeEncryptionSalt(file: string, salt: string): Promise<void> {
    const { document } = await readSettingsFile(file);
    if (!isMap(document.contents)) document.contents = document.createNode({});
    document.set("encryptionsalt", salt);
    await replaceFile(file, document.toString(), { mode: 0o644 });
}

function isSecure(value: unknown): value is { secure: string } {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const entries = Object.entries(value);
    return entries.length === 1 && entries[0]![0] === "secure" && typeof entries[0]![1] === "string";
}

/** Whether any part of the settings needs the passphrase to be read. */
export function hasSecureValues(settings: StackSettings): boolean {
    const within = (value: unknown): boolean =>
        isSecure(value) || (typeof value === "object" && value !== null && Object.values(value).some(within));
    return [...settings.values.values()].some(within);
}

/** JSON as Go writes it, which the CLI hands to programs and plugins: keys sorted, `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
    const sorted = (_key: string, part: unknown) =>
        typeof part === "object" && part !== null && !Array.isArray(part)
            ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
            : part;
    const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return JSON.stringify(value, sorted).replace(/[<>&\u2028\u2029]/g, escaped);
}

function decrypted(value: unknown, crypter: Crypter | undefined, found: () => void): unknown {
    if (isSecure(value)) {
        found();
        return crypter?.decrypt(value.secure);
    }
    if (Array.isArray(value)) return value.map(element => decrypted(element, crypter, found));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decrypted(part, crypter, found)]));
}

/** The configuration in clear, keyed `namespace:name`. A value with a secret part is secret as a whole. */
export function decryptConfig(settings: StackSettings, crypter: Crypter | undefined): Map<string, ConfigValue> {
    const config = new Map<string, ConfigValue>();
    for (const [key, value] of settings.values) {
        let secret = false;
        const clear = decrypted(value, crypter, () => {
            secret = true;
        });
        const text = typeof clear === "object" && clear !== null ? goJson(clear) : String(clear ?? "");
        config.set(key, { text, secret });
    }
    return config;
}
