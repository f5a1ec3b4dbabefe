import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { z } from "zod";
import type { Finding, LintResult } from "./finding.ts";

/** A baseline is there and cannot be read; the message says what is wrong. */
export class BaselineNotReadable extends Error {
    override name = "BaselineNotReadable";
}

const baseline = z.object({
    findings: z.array(z.object({ rule: z.string(), file: z.string(), object: z.string(), chain: z.array(z.string()) })),
});

/**
 * Takes out the findings that a team knows already. Lines do not count, so that other edits of a file do not bring them
 * back; notes are no findings to get rid of, and stay. Throws BaselineNotReadable.
 */
export function withoutKnown(result: LintResult, path: string): LintResult {
    const known = new Map<string, number>();
    for (const one of read(path)) known.set(keyOf(one), (known.get(keyOf(one)) ?? 0) + 1);
    const findings = result.findings.filter(finding => {
        const key = keyOf({ ...finding, file: fromBaseline(path, finding.file) });
        const left = known.get(key) ?? 0;
        known.set(key, left - 1);
        return finding.severity === "note" || left <= 0;
    });
    return { ...result, findings, known: result.findings.length - findings.length };
}

/** Writes what is found now, for later runs to compare with. Files are named from the baseline's own directory. */
export function writeBaseline({ findings }: LintResult, path: string): number {
    const held = findings
        .filter(({ severity }) => severity !== "note")
        .map(({ rule, file, object, chain }) => ({ rule, file: fromBaseline(path, file), object, chain }));
    writeFileSync(path, `${JSON.stringify({ findings: held }, undefined, 2)}\n`);
    return held.length;
}

export function hasBaseline(path: string): boolean {
    return existsSync(path);
}

function keyOf({ rule, file, object, chain }: Pick<Finding, "file" | "object" | "chain"> & { rule: string }): string {
    return JSON.stringify([rule, file, object, chain.at(-1)]);
}

function fromBaseline(path: string, file: string): string {
    return relative(dirname(resolve(path)), resolve(file));
}

function read(path: string) {
    try {
        return baseline.parse(JSON.parse(readFileSync(path, "utf8"))).findings;
    } catch (error) {
        const reason = error instanceof z.ZodError ? error.issues[0]?.message : String(error);
        throw new BaselineNotReadable(
            `${path}: not a baseline of clearpath lint: ${reason}. Remove it to begin with a new one.`,
        );
    }
}
