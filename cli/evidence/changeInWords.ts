import type { Change } from "../../network/evidence/change.ts";
import type { Rate } from "../../network/evidence/significance.ts";
import { mtuInWords, PHASE_IN_WORDS } from "../../network/evidence/words.ts";
import { FAMILY_NAMES } from "../../network/family.ts";
import type { Latency } from "../../network/probe/report.ts";
import type { Verdict } from "../../network/verdict/verdict.ts";

/** A change as people read it, the same words in every output. */
export interface ChangeInWords {
    where: string;
    what: string;
    before: string;
    after: string;
}

export function changeInWords(change: Change): ChangeInWords {
    switch (change.kind) {
        case "verdict":
            return {
                where: "all",
                what: "verdict",
                before: verdictInWords(change.before),
                after: verdictInWords(change.after),
            };
        case "vantage-point": {
            const [before, after] = change.judgement === "worse" ? ["probed", "not probed"] : ["not probed", "probed"];
            return { where: change.vantagePoint, what: "can be probed", before: before!, after: after! };
        }
        case "connections":
        case "pulls":
            return {
                where: change.vantagePoint,
                what: rateName(change.kind, change.subject),
                before: rateInWords(change.before),
                after: rateInWords(change.after),
            };
        case "path-mtu":
            return {
                where: change.vantagePoint,
                what: `path MTU, ${FAMILY_NAMES[change.family]} ${change.direction}`,
                before: change.before ? mtuInWords(change.before) : "not measured",
                after: change.after ? mtuInWords(change.after) : "not measured",
            };
        case "latency":
            return {
                where: change.vantagePoint,
                what: `${PHASE_IN_WORDS[change.phase]} to ${change.subject}`,
                before: timesInWords(change.before),
                after: timesInWords(change.after),
            };
    }
}

function verdictInWords({ cause, direction, scope }: Verdict): string {
    return [cause, direction, scope].filter(part => part !== null).join(", ");
}

function rateName(kind: "connections" | "pulls", subject: string | null): string {
    if (subject === null) return kind === "pulls" ? "all image pulls" : "all connections";
    return kind === "pulls" ? `pull ${subject}` : `connections to ${subject}`;
}

/** Cut, not rounded: 999 of 1000 is not 100 %. */
export function rateInWords({ succeeded, attempts }: Rate): string {
    if (attempts === 0) return "none tried";
    return `${succeeded} of ${attempts} (${Math.floor((100 * succeeded) / attempts)} %)`;
}

function timesInWords({ median, p95 }: Latency): string {
    return `${Math.round(median)} ms (p95 ${Math.round(p95)})`;
}

/** A p-value as tables show it; empty where nothing was tested. */
export function pValueInWords(change: Change): string {
    if (!("pValue" in change) || change.pValue === null) return "";
    return change.pValue < 0.001 ? "< 0.001" : change.pValue.toFixed(3);
}
