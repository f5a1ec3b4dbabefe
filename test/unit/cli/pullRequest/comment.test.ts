import { beforeAll, describe, expect, test } from "vitest";
import { commentText, MOST_CHARACTERS, markerOf } from "../../../../cli/pullRequest/comment.ts";
import type { LintFindings, PreviewResult } from "../../../../cli/pullRequest/inputs.ts";
import type { EvidenceFile } from "../../../../network/evidence/evidenceFile.ts";
import { recorded } from "../evidence/runs.ts";

const preview = (changes: Partial<PreviewResult> = {}): PreviewResult => ({
    ok: true,
    changes: 3,
    violations: [],
    diagnostics: [],
    ...changes,
});
const finding = (changes: Partial<LintFindings["findings"][number]> = {}): LintFindings["findings"][number] => ({
    rule: "wait-on-store",
    severity: "error",
    file: "apps/ks.yaml",
    line: 12,
    message: "It waits.",
    chain: [],
    ...changes,
});

let evidence: EvidenceFile;
beforeAll(async () => {
    evidence = await recorded("after");
});

describe("a comment", () => {
    test("begins with a mark of its stack that nobody sees", () => {
        expect(commentText({ stack: "dev" }).startsWith(`${markerOf("dev")}\n`)).toBe(true);
        expect(markerOf("dev")).not.toBe(markerOf("home"));
        expect(markerOf("a-->b")).toMatch(/^<!-- [^>]* -->$/);
    });

    test("says what would change, what lint found and what the probes saw, in that order", () => {
        const text = commentText({
            stack: "dev",
            preview: preview(),
            diff: "+ create NftTable",
            lint: { findings: [finding()] },
            evidence,
            footer: "Commit abc",
        });

        const parts = [
            "✅ 3 changes to make",
            "+ create NftTable",
            "Lint: 1 errors",
            "apps/ks.yaml:12",
            "The way out is clear",
            "Commit abc",
        ];
        const places = parts.map(part => text.indexOf(part));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(places[0]).toBeGreaterThan(0);
    });

    test("shows why a policy refused, and what would pass", () => {
        const violation = {
            policy: "node-mtu-safe",
            level: "mandatory",
            urn: "urn:x::egress-mtu-cp1",
            message: "1500 is too much.",
        };
        const text = commentText({ stack: "dev", preview: preview({ ok: false, violations: [violation] }) });

        expect(text).toContain("❌ Refused by policy");
        expect(text).toContain("| mandatory | node-mtu-safe | egress-mtu-cp1 | 1500 is too much. |");
    });

    test("shows an error that ended the preview", () => {
        const diagnostics = [{ severity: "error", message: "\u001b[31mclearpath:nodes: write one.\u001b[0m" }];

        const text = commentText({ stack: "dev", preview: preview({ ok: false, diagnostics }) });
        expect(text).toContain("❌ The preview failed");
        expect(text).toContain("```text\nclearpath:nodes: write one.\n```");
    });

    test("keeps all text inside its fence, and mentions no GitHub user", () => {
        const text = commentText({
            stack: "dev",
            diff: "```\n@everyone <img src=x>",
            lint: { findings: [finding({ message: "ask @admin | <b>now</b>" })] },
        });

        expect(text).toContain("````text\n```\n@everyone <img src=x>\n````");
        expect(text).not.toContain("@admin");
        expect(text).not.toContain("<b>");
    });

    test("is never longer than GitHub allows, and keeps verdict and findings", () => {
        const text = commentText({
            stack: "dev",
            preview: preview(),
            diff: "+ create something rather long\n".repeat(10_000),
            lint: { findings: Array.from({ length: 500 }, (_, line) => finding({ line, message: "x".repeat(5_000) })) },
            evidence,
        });

        expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
        expect(text).toContain("Cut here");
        expect(text).toContain("and 480 more");
        expect(text).toContain("The way out is clear");
    });
});
