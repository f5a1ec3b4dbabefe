import { writeFile } from "node:fs/promises";
import { labDown } from "../../lab/lab.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import type { Verdict } from "../../network/verdict.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";
import type { DeployResult } from "../deploy/deploy.ts";
import { unmet } from "./expectation.ts";
import { type JourneyOptions, startJourney } from "./journey.ts";

type Seen = { verdict: Verdict; probes: Omit<VantageReport, "samples">[] };

/** What `clearpath lab run --json` writes. Others script against it: add fields, never change one. */
export interface LabRunRecord {
    scenario: string;
    before: Seen;
    up: {
        changes: number;
        /** Names of the policies that failed it. */
        violations: string[];
        /** Their messages. */
        messages: string[];
        mss: { ipv4: number | null; ipv6: number | null };
        mtu: number | null;
        mirror: boolean;
        seconds: number;
    };
    after: Seen;
    second: { changes: number };
    drift: { repaired: string[] };
    destroy: { restored: boolean; differences: string[] };
    engine: string;
    seconds: number;
}

export interface LabRunResult {
    record: LabRunRecord;
    /** Each expectation of the scenario that did not hold, in words. */
    unmet: string[];
}

/**
 * One scenario from first probe to destroy, recorded. An `up` that policies fail is part of the record; a step that
 * could not run at all is an exception.
 */
export async function labRun(options: JourneyOptions & { out?: string; keep?: boolean }): Promise<LabRunResult> {
    const started = performance.now();
    const { scenario, onProgress } = options;
    const journey = await startJourney(options);
    try {
        onProgress("probing before any change");
        const before = seen(await journey.probe());
        onProgress("up");
        const up = await journey.deploy("up");
        onProgress("probing after");
        const after = seen(await journey.probe());
        onProgress("a second up, which has nothing to do");
        const second = await journey.deploy("up");
        const tampered = await journey.tamper();
        onProgress(`up --refresh after ${tampered.map(({ host, what }) => `${what} on ${host}`).join(", ")}`);
        const repair = await journey.deploy("up", { refresh: true });
        onProgress("destroy");
        const destroy = await journey.deploy("destroy");
        const differences = destroy.ok ? await journey.differences() : ["destroy failed"];

        const record: LabRunRecord = {
            scenario: scenario.name,
            before,
            up: {
                ...settled(up),
                changes: up.changes,
                violations: violated(up),
                messages: messagesOf(up),
                seconds: up.seconds,
            },
            after,
            second: { changes: second.changes },
            drift: { repaired: repaired(repair) },
            destroy: { restored: differences.length === 0, differences },
            engine: up.engine,
            seconds: (performance.now() - started) / 1000,
        };
        if (options.out) await writeFile(options.out, `${JSON.stringify(record, null, 2)}\n`);
        return { record, unmet: unmet(scenario.expect, record) };
    } finally {
        if (!options.keep) await labDown(options.instance);
    }
}

function seen({ verdict, reports }: ProbeAllResult): Seen {
    return { verdict, probes: reports.map(({ samples: _, ...probe }) => probe) };
}

/** What the stack says it set. A failed `up` may have set nothing: then the values are null. */
export function settled(up: DeployResult): Pick<LabRunRecord["up"], "mss" | "mtu" | "mirror"> {
    const outputs = up.outputs as { mss?: { ipv4?: number; ipv6?: number }; nodeMtu?: number; mirror?: boolean };
    return {
        mss: { ipv4: outputs.mss?.ipv4 ?? null, ipv6: outputs.mss?.ipv6 ?? null },
        mtu: outputs.nodeMtu ?? null,
        mirror: outputs.mirror ?? false,
    };
}

function mandatory(result: DeployResult): DeployResult["violations"] {
    return result.violations.filter(({ level }) => level === "mandatory");
}

/** Names of the mandatory policies a deploy violated, each once. */
export function violated(result: DeployResult): string[] {
    return [...new Set(mandatory(result).map(({ policy }) => policy))].sort();
}

function messagesOf(result: DeployResult): string[] {
    return mandatory(result).map(({ policy, message }) => `${policy}: ${message}`);
}

/** URNs of what an `up --refresh` put right. Probes run again after every change; they repair nothing. */
export function repaired(result: DeployResult): string[] {
    return result.steps
        .filter(({ op }) => op !== "same" && op !== "refresh")
        .map(({ urn }) => urn)
        .filter(urn => !urn.includes("clearpath:probe:") && /::clearpath:[a-z0-9]+:/.test(urn.replace(/\$/g, "::")))
        .sort();
}
