import Table from "cli-table3";
import type { DeployOptions, DeployResult } from "../../cli/deploy/deploy.ts";
import { repositoryRoot } from "../../cli/root.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";
import { loadScenario } from "../network/scenario.ts";
import { type Journey, startJourney } from "./journey.ts";
import { repaired, violated } from "./run.ts";

export interface StoryOptions {
    instance?: string;
    engine: DeployOptions["engine"];
    say(line: string): void;
}

/** A promise of the story, and whether it was kept. */
interface Promised {
    what: string;
    kept: boolean;
}

/**
 * The main job, told as it happens: a black-holed cluster is diagnosed, fixed by `up`, proven, guarded and given back.
 * Ends with the lab down. True only when every promise was kept.
 */
export async function labStory({ instance, engine, say }: StoryOptions): Promise<boolean> {
    const promises: Promised[] = [];
    const promise = (what: string, kept: boolean) => {
        promises.push({ what, kept });
        say(`   ${kept ? "✔" : "✘"} ${what}`);
    };
    const chapter = (title: string) => say(`\n── ${title}`);
    const started = performance.now();

    chapter("1. A cluster behind an uplink of MTU 1380 that drops what is too big and tells nobody");
    const scenario = loadScenario(`${repositoryRoot}/lab/scenarios/black-hole-1380.json`);
    const journey = await startJourney({ instance, scenario, engine, onProgress: line => say(`   ${line}`) });
    try {
        const before = await probed(journey, say);
        promise(
            "cp1 and worker1 see TLS handshake timeouts",
            tlsTimeouts(before, "cp1") > 0 && tlsTimeouts(before, "worker1") > 0,
        );
        promise("the verdict is pmtu-black-hole", before.verdict.cause === "pmtu-black-hole");

        chapter("2. clearpath preview, clearpath up");
        const preview = await journey.deploy("preview");
        promise("the preview passes every policy", preview.ok);
        const up = await journey.deploy("up");
        const mss = (up.outputs as { mss?: { ipv4?: number } }).mss?.ipv4;
        promise("up went through, and the policies accept its probes", up.ok && up.changes > 0);
        promise(`the MSS is what the measured path carries: ${mss ?? "none"} = 1380 - 40`, mss === 1340);

        chapter("3. The same probes again");
        const after = await probed(journey, say);
        promise("the verdict is none", after.verdict.cause === "none");

        await keepItThatWay(journey, { say, chapter, promise });

        chapter("7. clearpath destroy gives the hosts back");
        const destroy = await journey.deploy("destroy");
        const differences = destroy.ok ? await journey.differences() : ["destroy failed"];
        for (const difference of differences) say(`   ${difference} differs`);
        promise("rulesets, link MTUs, /etc and /usr/local are as found on every host", differences.length === 0);

        say(`\n${comparison(before, after)}`);
    } finally {
        await journey.end();
    }

    const broken = promises.filter(({ kept }) => !kept);
    const seconds = Math.round((performance.now() - started) / 1000);
    say(
        broken.length === 0
            ? `All ${promises.length} promises kept in ${seconds} s. The lab is down.`
            : `${broken.length} of ${promises.length} promises broken in ${seconds} s: ${broken.map(({ what }) => what).join("; ")}.`,
    );
    return broken.length === 0;
}

/** The chapters in which nothing may change by accident: idempotence, drift, and values that policies refuse. */
async function keepItThatWay(
    journey: Journey,
    {
        say,
        chapter,
        promise,
    }: {
        say(line: string): void;
        chapter(title: string): void;
        promise(what: string, kept: boolean): void;
    },
): Promise<void> {
    chapter("4. A second up changes nothing");
    const second = await journey.deploy("up");
    promise("nothing to change", second.ok && second.changes === 0);

    chapter("5. Somebody changes things by hand; clearpath up --refresh");
    const tampered = await journey.tamper();
    for (const { host, what } of tampered) say(`   by hand on ${host}: ${what}`);
    const repair = await journey.deploy("up", { refresh: true });
    const put = repaired(repair);
    const probedAgain = repair.steps.some(({ urn, op }) => urn.includes("probe:Egress") && op === "update");
    promise(
        `exactly those ${tampered.length} were repaired: ${put.map(nameOf).join(", ")}`,
        repair.ok && put.length === tampered.length,
    );
    promise("and the probes ran again", probedAgain);

    chapter("6. A pull request with unsafe values is refused at preview");
    const tooLarge = await journey.deploy("preview", { values: { nodeMtu: 1500 } });
    promise("node MTU 1500 is refused by node-mtu-safe", refusedBy(tooLarge, "node-mtu-safe"));
    const tooFull = await journey.deploy("preview", { values: { mss: 1350 } });
    promise("MSS 1350 is refused by mss-fits-path", refusedBy(tooFull, "mss-fits-path"));
}

function refusedBy(result: DeployResult, policy: string): boolean {
    return !result.ok && violated(result).includes(policy);
}

function nameOf(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}

async function probed(journey: Journey, say: (line: string) => void): Promise<ProbeAllResult> {
    const result = await journey.probe();
    for (const report of result.reports) say(`   ${report.vantagePoint.padEnd(10)} ${summary(report)}`);
    const { cause, direction, scope, pathMtu } = result.verdict;
    say(`   verdict: ${cause}${direction ? `, ${direction}, ${scope}` : ""}, path MTU ${pathMtu.ipv4 ?? "?"}`);
    return result;
}

function summary({ endpoints, pulls }: Pick<VantageReport, "endpoints" | "pulls">): string {
    const count = (list: { attempts: number; succeeded: number }[]) =>
        `${list.reduce((sum, { succeeded }) => sum + succeeded, 0)}/${list.reduce((sum, { attempts }) => sum + attempts, 0)}`;
    const stalls = endpoints.reduce((sum, { failures }) => sum + (failures["tls-timeout"] ?? 0), 0);
    return `requests ${count(endpoints)}, TLS handshake timeouts ${stalls}, pulls ${count(pulls)}`;
}

function tlsTimeouts({ reports }: ProbeAllResult, vantagePoint: string): number {
    const report = reports.find(candidate => candidate.vantagePoint === vantagePoint);
    return report?.endpoints.reduce((sum, { failures }) => sum + (failures["tls-timeout"] ?? 0), 0) ?? 0;
}

function comparison(before: ProbeAllResult, after: ProbeAllResult): string {
    const table = new Table({ head: ["", "before", "after"], style: { head: [], border: [] } });
    for (const report of before.reports) {
        const later = after.reports.find(({ vantagePoint }) => vantagePoint === report.vantagePoint);
        table.push([report.vantagePoint, summary(report), later ? summary(later) : "not probed"]);
    }
    table.push(["verdict", before.verdict.cause, after.verdict.cause]);
    return table.toString();
}
