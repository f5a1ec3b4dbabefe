import { expect, test } from "vitest";
import { ApiFailure } from "../../../../cluster/api/apiFailure.ts";
import { collectReports, PlanUnreadable } from "../../../../cluster/probeLogs/collect.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import { connections } from "../../cli/evidence/runs.ts";
import { gateway } from "../../network/verdict/reports.ts";

const plan = ProbePlan.parse({ endpoints: [{ host: "ghcr.io" }] });
const START = Date.parse("2026-01-31T12:00:00Z");

/** Lines of one run that began `minute` minutes after noon: it made four connections and took 30 s. */
function run(minute: number): string[] {
    const facts = { kind: "facts", facts: gateway().facts };
    const samples = connections("ghcr.io", 4).map(sample => ({ kind: "sample", sample }));
    const messages = [facts, ...samples, facts, { kind: "end", seconds: 30, outOfTime: false }];
    return messages.map((message, index) => {
        const at = new Date(START + minute * 60_000 + index * 5000).toISOString();
        return `${at} ${JSON.stringify(message)}\n`;
    });
}

async function* oneChunk(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
}

/** An API server with one pod of the probe. `log` gives its log, or throws. */
function clusterWith(log: (path: string) => AsyncGenerator<Buffer>, planText = JSON.stringify(plan)) {
    const objects: Record<string, object[]> = {
        "/api/v1/configmaps": [{ data: { "plan.json": planText } }],
        "/api/v1/pods": [
            {
                metadata: { name: "probe-x1", namespace: "probe" },
                spec: { nodeName: "worker1", containers: [] },
                status: { phase: "Running" },
            },
        ],
    };
    return {
        async *list<T>(path: string): AsyncGenerator<T> {
            yield* objects[path] as T[];
        },
        stream: log,
    };
}

async function collected(...lines: string[]) {
    const found = await collectReports(
        clusterWith(() => oneChunk(lines.join(""))),
        "probe",
    );
    return { report: found!.reports[0], reason: found!.unprobed[0]?.reason };
}

test("the last run that ended is the one that counts", async () => {
    const { report } = await collected(...run(0), ...run(10), ...run(20).slice(0, 3));
    expect(report).toMatchObject({ complete: true, startedAt: "2026-01-31T12:10:00.000Z", seconds: 30 });
    expect(report!.samples).toHaveLength(4);
});

test("a run whose first lines the node has removed is incomplete, and begins when it began", async () => {
    const { report } = await collected(...run(0).slice(3));
    expect(report!.complete).toBe(false);
    expect(report!.incompleteReason).toBe(
        "the log begins in the middle of the run: the node has removed the lines before.",
    );
    expect(report!.samples).toHaveLength(2);
    expect(report!.startedAt).toBe("2026-01-31T12:00:00.000Z");
});

test("a log with only the facts and the end of a run makes no complete report", async () => {
    const { report } = await collected(...run(0).slice(-2));
    expect(report!.complete).toBe(false);
});

test.each([
    ["the end of a run alone", run(0).slice(-1), "the log has no more than the last lines of a run"],
    ["the middle of a run", run(0).slice(2, 4), "the log begins in the middle of a run that has not ended"],
    ["the beginning of a run", run(0).slice(0, 3), "the agent has finished no run (phase Running)"],
    ["nothing", [], "the agent has finished no run (phase Running)"],
])("a log with %s gives no report, and says why", async (_, lines, reason) => {
    const found = await collected(...lines);
    expect(found.report).toBeUndefined();
    expect(found.reason).toContain(`probe-x1 on worker1: ${reason}`);
    expect(found.reason).toContain("Collect again");
});

test("connections of an agent that was killed are not counted with those of the next run", async () => {
    const { report } = await collected(...run(0).slice(0, 4), ...run(10));
    expect(report).toMatchObject({ complete: true, startedAt: "2026-01-31T12:10:00.000Z" });
    expect(report!.samples).toHaveLength(4);
});

test("lines that no agent wrote are passed over, however long, and however they are cut into chunks", async () => {
    const text = ["not a time {}\n", `${"x".repeat(3 * 1024 * 1024)}\n`, ...run(0), "2026-01-31T12:00:00Z {\n"].join(
        "",
    );
    const chunks = async function* () {
        for (let at = 0; at < text.length; at += 1000) yield Buffer.from(text.slice(at, at + 1000));
    };
    const found = await collectReports(clusterWith(chunks), "probe");
    expect(found!.reports).toMatchObject([{ complete: true }]);
});

test("an endless log is read no further than its limit, and the pod is listed as not probed", async () => {
    const chunk = Buffer.from(`${"x".repeat(512 * 1024)}\n`);
    let sent = 0;
    let stopped = false;
    const endless = async function* () {
        try {
            for (; sent < 1000; sent++) yield chunk;
        } finally {
            stopped = true;
        }
    };
    const found = await collectReports(clusterWith(endless), "probe");
    expect(sent).toBeLessThan(300);
    expect(stopped).toBe(true);
    expect(found!.unprobed[0]!.reason).toContain("the log is too long to be read");
});

test("a run that writes more than any agent does is incomplete", async () => {
    const [facts, sample, , , , ...end] = run(0);
    const large = Buffer.from(sample!.replace("ghcr.io-0", "x".repeat(700_000)));
    const chunks = async function* () {
        yield Buffer.from(facts!);
        for (let size = 0; size < 70 * 1024 * 1024; size += large.length) yield large;
        yield Buffer.from(end.join(""));
    };
    const found = await collectReports(clusterWith(chunks), "probe");
    expect(found!.reports[0]!.incompleteReason).toBe("the run wrote more than is read of one run.");
});

test("the API server is asked for the end of a log, not for the whole of it", async () => {
    const asked: string[] = [];
    const log = (path: string) => {
        asked.push(path);
        return oneChunk("");
    };
    await collectReports(clusterWith(log), "probe");
    expect(asked).toEqual(["/api/v1/namespaces/probe/pods/probe-x1/log?timestamps=true&tailLines=100000"]);
});

test("a container that has not started is listed as not probed, and another failure ends the collection", async () => {
    const answering = (status: number) =>
        // biome-ignore lint/correctness/useYield: the API server refuses before it sends anything
        async function* (): AsyncGenerator<Buffer> {
            throw new ApiFailure(`answered ${status}`, status);
        };
    const found = await collectReports(clusterWith(answering(400)), "probe");
    expect(found!.unprobed[0]!.reason).toContain("its container has not started (phase Running)");
    await expect(collectReports(clusterWith(answering(403)), "probe")).rejects.toThrow("answered 403");
});

test.each(["{", '{"endpoints":[]}'])("the plan %s of a ConfigMap is refused with what to do", async text => {
    const collecting = collectReports(
        clusterWith(() => oneChunk(""), text),
        "probe",
    );
    await expect(collecting).rejects.toThrow(PlanUnreadable);
    await expect(collecting).rejects.toThrow(/ClusterProbe probe has a plan .* cannot read: [\s\S]*collect again/);
});
