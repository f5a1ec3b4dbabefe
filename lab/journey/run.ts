import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { DeployResult } from "../../cli/deploy/deploy.ts";
import { CouldNotRun } from "../../cli/exit.ts";
import { Stability } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { type Verdict, verdictOf } from "../../network/verdict/index.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";
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
        /** Their messages, and every error. */
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
    /** Steps that could not be carried out at all, with the reason; the record has nothing of what they would have found. */
    failures: string[];
}

export interface LabRunOptions extends JourneyOptions {
    /** File that the record is written to. */
    out?: string;
    /** Whether the lab stays up. */
    keep?: boolean;
    /** Ends the run with an exception, and without a record. */
    signal?: AbortSignal;
}

export interface LabRunResult {
    record: LabRunRecord;
    /** Each expectation of the scenario that did not hold, and each failure, in words. */
    unmet: string[];
}

/**
 * One scenario from first probe to destroy, recorded. What a step reports as failed is part of the record; so is a step
 * that breaks down, and the run goes on after it: whatever it left on the hosts has to come off again.
 */
export async function labRun({ out, keep, signal, ...options }: LabRunOptions): Promise<LabRunResult> {
    const started = performance.now();
    const { scenario, onProgress } = options;
    if (out) await requireWritable(out);
    const journey = await startJourney(options);
    try {
        const failures: string[] = [];
        const step = async <T>(what: string, action: () => Promise<T>, otherwise: (why: string) => T): Promise<T> => {
            onProgress(what);
            try {
                return await action();
            } catch (error) {
                signal?.throwIfAborted();
                const why = (error as Error).message;
                failures.push(`${what}: ${why}`);
                onProgress(why);
                return otherwise(why);
            }
        };
        const deploy = (what: string, ...how: Parameters<typeof journey.deploy>) =>
            step(what, () => journey.deploy(...how), nothingDone);
        const probe = (what: string) => step(what, async () => seen(await journey.probe()), nothingSeen);

        const before = await probe("probing before any change");
        const up = await deploy("up", "up");
        const after = await probe("probing after");
        // What has come up once needs no preview; what was refused has to be refused again before anything is done.
        const skipPreview = up.ok;
        const second = await deploy("a second up, which has nothing to do", "up", { skipPreview });
        const tampered = await step("changing things by hand", journey.tamper, () => []);
        const byHand = tampered.map(({ host, what }) => `${what} on ${host}`).join(", ");
        const repair = await deploy(`up --refresh after ${byHand || "nothing"}`, "up", { refresh: true, skipPreview });
        for (const { undo } of tampered) await step("undoing what nothing repaired", undo, () => {});
        const destroy = await deploy("destroy", "destroy");
        const differences = destroy.ok
            ? await step("comparing every host with how it was found", journey.differences, why => [why])
            : ["destroy failed", ...errorsOf(destroy)];

        const record: LabRunRecord = {
            scenario: scenario.name,
            before,
            up: {
                ...settled(up),
                changes: up.changes,
                violations: violated(up),
                messages: [...mandatory(up).map(({ policy, message }) => `${policy}: ${message}`), ...errorsOf(up)],
                seconds: up.seconds,
            },
            after,
            second: { changes: second.changes },
            drift: { repaired: repaired(repair) },
            destroy: { restored: differences.length === 0, differences },
            engine: up.engine,
            seconds: (performance.now() - started) / 1000,
            failures,
        };
        if (out) await writeFile(out, `${JSON.stringify(record, null, 2)}\n`);
        return { record, unmet: [...unmet(scenario.expect, record), ...failures] };
    } finally {
        if (!keep) await journey.end();
    }

    function nothingDone(why: string): DeployResult {
        const engine = options.engine === "pulumi" ? "pulumi" : "embedded";
        const diagnostics = [{ severity: "error" as const, message: why }];
        return { ok: false, steps: [], changes: 0, violations: [], outputs: {}, diagnostics, engine, seconds: 0 };
    }
}

/** Said before the first of three minutes, not after the last. */
async function requireWritable(file: string): Promise<void> {
    await access(dirname(file), constants.W_OK).catch((error: Error) => {
        throw new CouldNotRun(
            `${file} cannot be written: ${error.message}. Give --json a file in a directory that is there.`,
        );
    });
}

function seen({ verdict, reports }: Pick<ProbeAllResult, "verdict" | "reports">): Seen {
    return { verdict, probes: reports.map(({ samples: _, ...probe }) => probe) };
}

function nothingSeen(): Seen {
    const verdict = verdictOf([], { vantagePoints: [], threshold: Stability.parse({}) });
    return seen({ verdict, reports: [] });
}

/** What the stack says it set. Values that a failed `up` did not set, or only planned, are null. */
export function settled({
    outputs,
}: Pick<DeployResult, "outputs">): Pick<LabRunRecord["up"], "mss" | "mtu" | "mirror"> {
    const integer = (value: unknown) => (Number.isInteger(value) ? (value as number) : null);
    const mss = (outputs.mss ?? {}) as Record<string, unknown>;
    return {
        mss: { ipv4: integer(mss.ipv4), ipv6: integer(mss.ipv6) },
        mtu: integer(outputs.nodeMtu),
        mirror: outputs.mirror === true,
    };
}

function errorsOf({ diagnostics }: DeployResult): string[] {
    return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

function mandatory(result: DeployResult): DeployResult["violations"] {
    return result.violations.filter(({ level }) => level === "mandatory");
}

/** Names of the mandatory policies a deploy violated, each once. */
export function violated(result: DeployResult): string[] {
    return [...new Set(mandatory(result).map(({ policy }) => policy))].sort();
}

/** Steps that put a resource right which was there before. */
const REPAIRS: ReadonlySet<string> = new Set(["update", "replace", "create-replacement"]);

/**
 * URNs of what an `up --refresh` put right, sorted. Probes run again after every change; they repair nothing. What it
 * creates because an earlier `up` did not come so far had not drifted.
 */
export function repaired({ steps }: Pick<DeployResult, "steps">): string[] {
    const urns = steps.filter(({ op }) => REPAIRS.has(op)).map(({ urn }) => urn);
    return [...new Set(urns)].filter(isRepairable).sort();
}

/** A resource of ours on a host. Components and providers are on none. */
function isRepairable(urn: string): boolean {
    const type = urn.split("::")[2]!.split("$").at(-1)!;
    return type.startsWith("clearpath:") && !/^clearpath:(index|probe):/.test(type);
}
