import { withoutCredentials } from "./endpoint.ts";
import type { CheckedNode, Finding } from "./finding.ts";
import { parseRegistries, pathText } from "./parse.ts";
import { configRemarks } from "./rules/configs.ts";
import { endpointRemarks } from "./rules/endpoints.ts";
import { fileRemarks } from "./rules/file.ts";
import { mirrorRemarks } from "./rules/mirrors.ts";
import { rewriteRemarks } from "./rules/rewrites.ts";

const CHECKS = [mirrorRemarks, rewriteRemarks, endpointRemarks, configRemarks];

/**
 * Everything that is wrong with, or risky in, a registries.yaml, in the order of the file. A file with which K3s does
 * not start has findings of the rule `unreadable` and no others. Without a version, what depends on it is a warning.
 */
export function checkRegistries(source: string | Uint8Array, node: Partial<CheckedNode> = {}): Finding[] {
    const { file, problems } = parseRegistries(source);
    if (!file) return problems.map(problem => ({ ...problem, rule: "unreadable", severity: "error" }));
    const subject = {
        registries: file.registries,
        version: node.version ?? null,
        embeddedRegistry: node.embeddedRegistry ?? false,
        disableDefaultRegistryEndpoint: node.disableDefaultRegistryEndpoint ?? false,
    };
    const unread: Finding[] = file.unread
        ? [{ rule: "unread-part", severity: "error", ...file.unread, path: "", message: UNREAD }]
        : [];
    return [...fileRemarks(file), ...CHECKS.flatMap(check => check(subject))]
        .map(({ rule, severity, path, message }): Finding => {
            const place = { ...file.positionOf(path), path: pathText(path) };
            return { rule, severity, ...place, message: withoutCredentials(message) };
        })
        .concat(unread)
        .toSorted((a, b) => a.line - b.line || a.column - b.column);
}

const UNREAD =
    "K3s reads nothing from here on, because its first document ends above. Write everything into one document.";
