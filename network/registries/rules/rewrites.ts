import type { Remark, Subject } from "../finding.ts";

/** Inside of a TOML basic string (TOML 1.0): K3s puts rewrites between quotes as they are. */
const TOML_TEXT = /^(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\(?:[btnfr"\\]|u[0-9A-Fa-f]{4}))*$/;

/** What Go's regexp (RE2) does not have, though JavaScript reads it: lookaround and back references. */
const NOT_IN_GO = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</;

/** Rules about the text of rewrites. */
export function rewriteRemarks({ registries }: Subject): Remark[] {
    return Object.entries(registries.mirrors ?? {}).flatMap(([name, mirror]) =>
        Object.entries(mirror.rewrite ?? {}).flatMap(([pattern, replacement]) => {
            const path = ["mirrors", name, "rewrite", pattern];
            const unquotable = [pattern, replacement].find(text => !TOML_TEXT.test(text));
            if (unquotable !== undefined) {
                return {
                    rule: "rewrite-quoting",
                    severity: "error",
                    path,
                    message:
                        `K3s writes "${unquotable}" into hosts.toml without escaping it, which makes the file unreadable ` +
                        "and the whole mirror void. Use [.] for a dot and no quotes or backslashes.",
                } as const;
            }
            const reason = faultOfPattern(JSON.parse(`"${pattern.replaceAll("\t", "\\t")}"`) as string);
            if (!reason) return [];
            return {
                rule: "rewrite-pattern",
                severity: "error",
                path,
                message: `The pattern is not one of Go's regular expressions: ${reason}. The rewrite is passed over. Correct it.`,
            } as const;
        }),
    );
}

function faultOfPattern(pattern: string): string | null {
    if (NOT_IN_GO.test(pattern)) return "they have no lookaround and no back references";
    try {
        // Go has named groups (?P<name>…) and flags (?i) and (?i:…), which JavaScript does not know.
        new RegExp(
            pattern.replaceAll("(?P<", "(?<").replace(/\(\?[imsU-]+([:)])/g, (_, end) => (end === ":" ? "(?:" : "")),
        );
        return null;
    } catch (error) {
        return (error as Error).message.replace(/^Invalid regular expression: /, "");
    }
}
