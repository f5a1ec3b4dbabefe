import { isAbsolute, relative, resolve } from "node:path";
import type { Finding, Severity } from "./finding.ts";

const commands: Record<Severity, string> = { error: "error", warning: "warning", note: "notice" };

/**
 * Workflow commands by which GitHub shows findings in the lines of a pull request.
 * @param workspace Top of the checkout; files are named from there.
 */
export function formatGithub(findings: readonly Finding[], workspace: string): string {
    return findings
        .map(({ severity, file, line, rule, message, chain }) => {
            const from = relative(workspace, resolve(file));
            const path = from.startsWith("..") || isAbsolute(from) ? file : from;
            const drawn = chain.length > 2 ? `\n${chain.join(" → ")}` : "";
            const properties = `file=${property(path)},line=${line},title=${property(`clearpath ${rule}`)}`;
            return `::${commands[severity]} ${properties}::${data(message + drawn)}\n`;
        })
        .join("");
}

/** Escapes as the runner's own toolkit (`@actions/core`, command.ts) does. */
function data(text: string): string {
    return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
    return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
