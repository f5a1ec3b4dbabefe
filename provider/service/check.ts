import type { z } from "zod";
import { type AnyResourceKind, withoutWays } from "../resource.ts";
import { elementOf, isSecret, objectShape } from "../schemaOf.ts";
import { hasUnknown, type Properties, type PropertyPath, pathKey, type SecretPaths, UNKNOWN } from "./values.ts";

/** Inputs with their defaults, and their failures: one sentence each, which begins with the property's path. */
export interface Checked {
    inputs: Properties;
    failures: string[];
}

/**
 * Validates the values that are known; others are validated once they are known. Failures name paths and never values,
 * which may be secrets.
 */
export function checkInputs(kind: AnyResourceKind, given: Properties): Checked {
    const values = withoutNulls(given) as Properties;
    const shape = kind.inputs.shape;
    const inputs: Properties = {};
    const failures: string[] = [];
    for (const name of Object.keys(values).filter(name => !(name in shape)))
        failures.push(noSuchProperty([name], Object.keys(shape)));
    for (const [name, schema] of Object.entries(shape)) {
        const value = values[name];
        const parsed = schema.safeParse(value);
        if (parsed.success) {
            if (parsed.data !== undefined) inputs[name] = parsed.data;
            continue;
        }
        failures.push(...parsed.error.issues.flatMap((issue: z.core.$ZodIssue) => failuresOf(issue, name, value)));
        inputs[name] = value;
    }
    if (failures.length === 0 && kind.validate !== undefined && !hasUnknown(withoutWays(inputs) as Properties))
        failures.push(...kind.validate(inputs).map(({ property, reason }) => `${property}: ${reason}.`));
    return { inputs, failures };
}

function failuresOf(issue: z.core.$ZodIssue, property: string, value: unknown): string[] {
    const path = [property, ...(issue.path as (string | number)[])];
    const culprit = issue.path.reduce<unknown>(
        (inner, key) => (inner === UNKNOWN ? UNKNOWN : (inner as Properties | undefined)?.[key as string]),
        value,
    );
    if (issue.code === "unrecognized_keys") return issue.keys.map(key => noSuchProperty([...path, key], undefined));
    if (hasUnknown(culprit)) return [];
    if (culprit === undefined) return [`${pathText(path)}: is missing. Give it a value.`];
    const sentence = issue.message.replace(/^(Invalid \w+|Too small|Too big): /, "");
    return [`${pathText(path)}: ${sentence}.`];
}

function noSuchProperty(path: PropertyPath, known: string[] | undefined): string {
    const choice = known === undefined ? "Check its spelling." : `Choose one of ${known.join(", ")}.`;
    return `${pathText(path)}: there is no property of this name. ${choice}`;
}

/** A path as programs write it: `plan.endpoints[0].host`. */
export function pathText(path: PropertyPath): string {
    return path
        .map((step, index) => {
            if (typeof step === "number") return `[${step}]`;
            if (!/^[A-Za-z_]\w*$/.test(step)) return `[${JSON.stringify(step)}]`;
            return index === 0 ? step : `.${step}`;
        })
        .join("");
}

/** To Pulumi, null is the same as absent. */
function withoutNulls(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutNulls);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, inner]) => inner !== null && inner !== undefined)
            .map(([key, inner]) => [key, withoutNulls(inner)]),
    );
}

/** Paths of the properties that a schema marks as secret, among those that the values have. */
export function secretsOf(schema: z.ZodObject, values: Properties): SecretPaths {
    const paths = new Set<string>();
    for (const [name, property] of Object.entries(schema.shape)) addSecrets(property, values[name], [name], paths);
    return paths;
}

function addSecrets(schema: z.core.$ZodType, value: unknown, path: PropertyPath, paths: Set<string>): void {
    if (value === undefined) return;
    if (isSecret(schema)) return void paths.add(pathKey(path));
    if (typeof value !== "object" || value === null) return;
    const shape = objectShape(schema)?.shape;
    const element = elementOf(schema);
    for (const [name, inner] of Object.entries(value)) {
        const property = shape?.[name] ?? element;
        const step = Array.isArray(value) ? Number(name) : name;
        if (property !== undefined) addSecrets(property, inner, [...path, step], paths);
    }
}
