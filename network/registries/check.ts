import { withoutCredentials } from "./endpoint.ts";
import type { Finding, Subject } from "./finding.ts";
import { parseRegistries, pathText } from "./parse.ts";
import { configRemarks } from "./rules/configs.ts";
import { endpointRemarks } from "./rules/endpoints.ts";
import { mirrorRemarks } from "./rules/mirrors.ts";
import { rewriteRemarks } from "./rules/rewrites.ts";

const CHECKS = [mirrorRemarks, rewriteRemarks, endpointRemarks, configRemarks];

/**
 * Everything that is wrong with, or risky in, the text of a registries.yaml, in the order of the file. A file that
 * cannot be read has findings of the rule `unreadable` and no others. Without a version, what depends on it is said
 * as a warning.
 */
export function checkRegistries(text: string, version: Subject["version"] = null): Finding[] {
    const { file, problems } = parseRegistries(text);
    if (!file) return problems.map(problem => ({ ...problem, rule: "unreadable", severity: "error" }));
    const subject = { registries: file.registries, version };
    return CHECKS.flatMap(check => check(subject))
        .map(({ rule, severity, path, message }) => {
            const place = { ...file.positionOf(path), path: pathText(path) };
            return { rule, severity, ...place, message: withoutCredentials(message) };
        })
        .toSorted((a, b) => a.line - b.line || a.column - b.column);
}
