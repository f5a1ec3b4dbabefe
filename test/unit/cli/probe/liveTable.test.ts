import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { liveText } from "../../../../cli/probe/liveTable.ts";
import { Stability } from "../../../../network/probe/plan.ts";
import type { Sample, VantageReport } from "../../../../network/probe/report.ts";
import type { JudgedRun } from "../../../../network/verdict/index.ts";
import { endpoint, endpoints, gateway, node } from "../../network/verdict/reports.ts";
import { egress } from "../../policy/stackOf.ts";

const sample = (id: string, failure?: Sample["failure"]): Sample => ({
    id,
    endpoint: "ghcr.io",
    at: 1,
    totalMs: 20,
    ...(failure && { failure }),
});

function report(vantagePoint: string, samples: Sample[]): VantageReport {
    const summary = egress(vantagePoint, "server", found => {
        const failed = samples.filter(({ failure }) => failure !== undefined);
        Object.assign(found.endpoints[0]!, {
            attempts: samples.length,
            succeeded: samples.length - failed.length,
            failures: failed.length > 0 ? { "tls-timeout": failed.length } : {},
        });
        found.complete = false;
    }).props.report as VantageReport;
    return { ...summary, samples };
}

const run = { vantagePoints: ["pve", "cp1", "worker1"], threshold: Stability.parse({}) };
const ended = new Map([["pve", "pve: there is no python3."]]);
const lines = (columns: number, reports: VantageReport[], judged: JudgedRun = run) =>
    stripVTControlCharacters(liveText({ run: judged, ended, reports }, columns, "Ctrl-C ends it.")).split("\n");

describe("the table of a run that goes on", () => {
    test("counts endpoint by vantage point, and says how hosts ended", () => {
        const shown = lines(120, [report("cp1", [sample("s1"), sample("s2", "tls-timeout")])]);
        const row = (name: string) =>
            shown
                .find(line => line.includes(name))!
                .split("│")
                .map(cell => cell.trim());
        expect(row("ghcr.io").slice(1, 5)).toEqual(["ghcr.io", "·", "1 of 2", "·"]);
        expect(shown.join("\n")).toContain("1 tls-timeout");
        expect(shown).toContain("pve: there is no python3.");
        expect(shown.at(-1)).toBe("Ctrl-C ends it.");
    });

    test("has a line for each vantage point where the columns do not fit", () => {
        const shown = lines(40, [report("cp1", [sample("s1"), sample("s2", "tls-timeout")])]);
        expect(shown).toContain("cp1: 1 of 2 connections");
        expect(shown).toContain("worker1: 0 of 0 connections");
    });

    test("names a cause as soon as there is one, and none for health", () => {
        const healthy = lines(120, [report("cp1", [sample("s1")])]);
        expect(healthy).toContain("So far: 0 of 1 connections failed.");
        const stalled = [1, 2, 3, 4, 5, 6].map(number => sample(`s${number}`, "tls-timeout"));
        const broken = lines(120, [report("cp1", stalled), report("worker1", stalled)]);
        expect(broken.some(line => /^So far: (pmtu-black-hole|upstream)/.test(line))).toBe(true);
        expect(lines(120, [])).toContain("So far: nothing was tried yet.");
    });

    test("judges by the threshold of the plan that runs", () => {
        const twice = endpoints(endpoint("quay.io", { succeeded: 28, failures: { http: 2 } }));
        const samples = [sample("s1")];
        const reports = [gateway(), node("cp1"), node("worker1", { stability: "stable", endpoints: twice })].map(
            found => ({ ...found, samples }),
        );
        const verdictWith = (threshold: JudgedRun["threshold"]) =>
            lines(200, reports, { ...run, threshold }).find(line => line.startsWith("So far:"));
        expect(verdictWith({ stableRate: 0.999, confidence: 0.95 })).toMatch(/^So far: upstream\./);
        expect(verdictWith({ stableRate: 0.99, confidence: 0.95 })).toBe("So far: 0 of 3 connections failed.");
    });
});
