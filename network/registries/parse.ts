import type { z } from "zod";
import { withoutCredentials } from "./endpoint.ts";
import { type FilePath, type Position, readYaml } from "./readYaml.ts";
import { Registries } from "./schema.ts";

/** What makes a file unreadable, and where. */
export interface Problem extends Position {
    /** The value's path as it is written in code, or "" for the whole file. */
    path: string;
    message: string;
}

/** A registries.yaml that was understood, and where each of its values stands. */
export interface RegistriesFile {
    registries: Registries;
    /** Place of a key or list item; of the nearest thing around it when it is not in the file. */
    positionOf(path: FilePath): Position;
}

export type ParsedRegistries =
    | { file: RegistriesFile; problems: readonly [] }
    | { file: null; problems: readonly Problem[] };

/** What people write for a field, and what to tell them. */
const MISSPELT: Readonly<Record<string, string>> = {
    auths: "put each under `configs.<host>.auth`",
    endpoints: "it is spelt `endpoint`",
    rewrites: "it is spelt `rewrite`",
    mirror: "it is spelt `mirrors`",
    config: "it is spelt `configs`",
    identitytoken: "it is spelt `identity_token`",
    identityToken: "it is spelt `identity_token`",
    insecureSkipVerify: "it is spelt `insecure_skip_verify`",
};

/**
 * Reads the text of a registries.yaml as K3s does, but strictly: what K3s would pass over in silence, such as a key it
 * does not know, is a problem here. Every problem says where it is. An empty file means no registries.
 */
export function parseRegistries(text: string): ParsedRegistries {
    const { value, problems, positionOf } = readYaml(text);
    const failed = (found: Problem[]): ParsedRegistries => ({
        file: null,
        problems: found.toSorted((a, b) => a.line - b.line || a.column - b.column),
    });
    if (problems.length > 0) {
        return failed(problems.map(({ path, position, message }) => ({ ...position, path: pathText(path), message })));
    }
    const parsed = Registries.safeParse(value ?? {});
    if (parsed.success) return { file: { registries: parsed.data, positionOf }, problems: [] };
    const found = parsed.error.issues.flatMap(fieldProblems);
    return failed(found.map(({ path, message }) => ({ ...positionOf(path), path: pathText(path), message })));
}

/** A path as it is written in code: `mirrors["docker.io"].endpoint[0]`. Shows no credentials. */
export function pathText(path: FilePath): string {
    return path
        .map((key, index) => {
            if (typeof key === "number") return `[${key}]`;
            if (!/^[A-Za-z_]\w*$/.test(key)) return `[${JSON.stringify(withoutCredentials(key))}]`;
            return index === 0 ? key : `.${key}`;
        })
        .join("");
}

function fieldProblems(issue: z.core.$ZodIssue): { path: FilePath; message: string }[] {
    const path = issue.path.map(key => (typeof key === "number" ? key : String(key)));
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map(key => ({
            path: [...path, key],
            message: `K3s knows no such key and ignores it; ${MISSPELT[key] ?? "correct or remove it"}`,
        }));
    }
    if (issue.code === "invalid_type") {
        const expected = KINDS[issue.expected] ?? issue.expected;
        return [{ path, message: `it must be ${expected}; K3s does not start with this file` }];
    }
    return [{ path, message: issue.message }];
}

const KINDS: Readonly<Record<string, string>> = {
    array: "a list",
    boolean: "true or false, without quotes",
    object: "a map",
    record: "a map",
    string: "text",
};
