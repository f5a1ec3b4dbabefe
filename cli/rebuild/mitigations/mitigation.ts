import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import type { VantageReport } from "../../../network/probe/report.ts";

/** What a rebuild shows, for judging workarounds by: on new hosts, before anything was worked around on them. */
export interface Proof {
    /** The last probes from the new hosts. */
    evidence: EvidenceFile;
    /** The new nodes, as they were met before anything was changed on them. */
    newHosts: readonly { name: string; linkMtu: number | null; k3s: "absent" | "stopped" | "running" }[];
    /** MTU that the stack gives the nodes' links, in bytes; null when it is not known. */
    nodeMtu: number | null;
    /** `absent`: nothing pulls through one. `added`: in this rebuild, because it took one. `before`: it was there anyway. */
    mirror: "absent" | "added" | "before";
    /** How often the user's bootstrap ran until it succeeded; 0 when it has not. */
    bootstrapAttempts: number;
    /** What the gates said of the running cluster; null where they were not tried. */
    gates: { diagnose: boolean | null; secrets: boolean | null };
}

/** `can-go`: the rebuild shows that it is not needed. `keep`: it shows that it is. `not-shown`: it shows neither. */
export type Answer = "can-go" | "keep" | "not-shown";

export interface Judgement {
    answer: Answer;
    /** What in the evidence says so, in one sentence or two. */
    because: string;
}

/** A workaround that clusters behind a bad internet path collect, and how to tell whether it can be removed. */
export interface Mitigation {
    name: string;
    title: string;
    /** What it covers up. */
    hides: string;
    /** What evidence allows to take it out. */
    canGoWhen: string;
    judge(proof: Proof): Judgement;
}

export const canGo = (because: string): Judgement => ({ answer: "can-go", because });
export const keep = (because: string): Judgement => ({ answer: "keep", because });
export const notShown = (because: string): Judgement => ({ answer: "not-shown", because });

/** Reports of the nodes that were rebuilt. */
export function reportsOfNewHosts({ evidence, newHosts }: Proof): VantageReport[] {
    return evidence.reports.filter(({ vantagePoint }) => newHosts.some(({ name }) => name === vantagePoint));
}

/** New nodes that the probes did not reach, so that nothing is shown of them. */
export function missingHosts({ evidence, newHosts }: Proof): string[] {
    const probed = evidence.reports.map(({ vantagePoint }) => vantagePoint);
    return newHosts.map(({ name }) => name).filter(name => !probed.includes(name));
}
