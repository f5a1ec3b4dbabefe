import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Expect } from "../../../../lab/network/scenario.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import type { VantageReport, VantageSummary } from "../../../../network/probe/report.ts";
import { reportOf } from "../../../../network/probe/reportOf.ts";

/** A network of the lab that was probed: the verdict that it deserves, and what every vantage point reported. */
export interface Recorded {
    name: string;
    expected: NonNullable<Expect["before"]>;
    reports: VantageSummary[];
}

export const RECORDED = new URL("recorded.json.gz", import.meta.url).pathname;

const MOST_CACHED = 3;

/** Sums the samples up as today's code does, and leaves out what no verdict looks at. */
function summary({ samples, ...report }: VantageReport): VantageSummary {
    const { vantagePoint, role, startedAt, facts, pulls } = report;
    const plan = ProbePlan.parse({ endpoints: report.endpoints.map(({ endpoint }) => ({ host: endpoint })) });
    const { endpoints } = reportOf({ vantagePoint, role }, plan, startedAt, { ...report, pulls: [], samples });
    return {
        ...report,
        endpoints,
        pulls,
        facts: { ...facts, machineId: "", kernel: "", pmtuCache: facts.pmtuCache.slice(0, MOST_CACHED) },
    };
}

/** Adds what `lab verdicts --record DIR` wrote to the recorded networks, or replaces them with it. */
function record(directories: readonly string[], isNew: boolean): void {
    const before = isNew ? [] : (JSON.parse(gunzipSync(readFileSync(RECORDED)).toString()) as Recorded[]);
    const files = directories.flatMap(directory =>
        readdirSync(directory)
            .filter(file => file.endsWith(".json"))
            .sort()
            .map(file => join(directory, file)),
    );
    const recorded = files.map((file): Recorded => {
        const { scenario, drawn, reports } = JSON.parse(readFileSync(file, "utf8"));
        return { name: scenario, expected: drawn.expect.before, reports: reports.map(summary) };
    });
    writeFileSync(RECORDED, gzipSync(JSON.stringify([...before, ...recorded]), { level: 9 }));
}

// node test/unit/network/verdict/record.ts [--new] DIR…
if (process.argv[1] === import.meta.filename) {
    const given = process.argv.slice(2);
    record(
        given.filter(argument => argument !== "--new"),
        given.includes("--new"),
    );
}
