import { join } from "node:path";
import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { CAUSE_IN_WORDS } from "../../network/evidence/words.ts";
import { passed } from "../../network/probe/passed.ts";
import type { Cause } from "../../network/verdict/verdict.ts";
import { probeAll } from "../../provider/probe/probeAll.ts";
import { evidenceOf } from "../evidence/evidenceOf.ts";
import { readEvidence, writeEvidence, writeWhole } from "../evidence/file.ts";
import { verdictText } from "../probe/show.ts";
import { targetsOfStack } from "../probe/targets.ts";
import type { StageContext, StageResult } from "./stage.ts";
import { type RebuildState, STAGES } from "./state.ts";

/**
 * Faults that a mirror in the local network helps against: services that fail or limit, and a lossy path to them. Every
 * other fault must be repaired where it is, because the mirror would only hide it.
 */
const MIRROR_HELPS: ReadonlySet<Cause> = new Set([
    "rate-limit",
    "upstream",
    "packet-loss",
    "nat-exhaustion",
    "unknown",
]);

/** Whether a fault is one that a mirror helps against. */
export function mirrorHelps(cause: Cause | null): boolean {
    return cause === null || MIRROR_HELPS.has(cause);
}

/** Whether every host was probed, and reaches everything. */
export function isClear({ verdict, unprobed, reports }: EvidenceFile): boolean {
    return verdict.cause === "none" && unprobed.length === 0 && reports.every(passed);
}

/** Whether every node pulled every image it was asked to. */
export function pullsAllCame({ reports }: EvidenceFile): boolean {
    const nodes = reports.filter(({ role }) => role === "server" || role === "agent");
    return (
        nodes.length > 0 && nodes.every(({ pulls }) => pulls.every(({ attempts, succeeded }) => succeeded === attempts))
    );
}

/** What a probe adds to its stage. */
type Probed = Required<Pick<StageResult, "summary" | "notes" | "kept" | "cause" | "clear">> & { evidence: string };

/** Probes from every host of the stack and keeps what was found, as evidence and as a page. */
export async function probeAndKeep(context: StageContext, title: string): Promise<Probed> {
    const { hosts, plan } = await targetsOfStack(context.stack, context.cwd);
    const startedAt = new Date();
    const found = await probeAll(hosts, plan, { onEnd: context.say, signal: context.signal });
    context.signal.throwIfAborted();
    const connections = hosts.map(({ connection }) => connection);
    const evidence = evidenceOf(found, { plan, startedAt, endedAt: new Date(), connections });

    const [file, page] = [context.fileName("json.gz"), context.fileName("html")];
    await writeEvidence(join(context.directory, file), evidence);
    const before = await firstEvidence(context.state, context.directory);
    const { reportPage } = await import("../evidence/report/page.ts");
    await writeWhole(join(context.directory, page), reportPage(evidence, before));
    const clear = isClear(evidence);
    return {
        summary: `${CAUSE_IN_WORDS[evidence.verdict.cause]}. ${evidence.verdict.summary}`,
        notes: clear ? [] : [verdictText(evidence.verdict).trimEnd(), ...evidence.unprobed.map(({ reason }) => reason)],
        kept: [
            { title: `${title}: report`, file: page },
            { title: `${title}: evidence`, file },
        ],
        evidence: file,
        cause: evidence.verdict.cause,
        clear,
    };
}

/** What the first probe of the rebuild found. */
export async function firstEvidence(state: RebuildState, directory: string): Promise<EvidenceFile | undefined> {
    const file = state.stages.find(({ evidence }) => evidence !== null)?.evidence;
    return file ? readEvidence(join(directory, file)) : undefined;
}

/** What the last probe of the rebuild found. */
export async function lastEvidence(state: RebuildState, directory: string): Promise<EvidenceFile | undefined> {
    const file = state.stages.findLast(({ evidence }) => evidence !== null)?.evidence;
    return file ? readEvidence(join(directory, file)) : undefined;
}

/** Whether a rebuild has come as far as new hosts, which its last evidence is then about. */
export function isAboutNewHosts(state: RebuildState): boolean {
    const from = state.stages.findLastIndex(({ evidence }) => evidence !== null);
    return from >= STAGES.indexOf("probe-rebuilt");
}
