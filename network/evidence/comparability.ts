import type { EvidenceFile } from "./evidenceFile.ts";

/** What keeps two runs from being compared, or makes it unfair, one sentence each. */
export function comparabilityNotes(before: EvidenceFile, after: EvidenceFile): string[] {
    const names = ({ reports, unprobed }: EvidenceFile) => [...reports, ...unprobed].map(one => one.vantagePoint);
    const hosts = ({ plan }: EvidenceFile) => plan.endpoints.map(({ host }) => host);
    const settings = (["rounds", "timeoutSeconds", "parallel", "ratePerEndpoint"] as const)
        .filter(key => before.plan[key] !== after.plan[key])
        .map(key => `The plans differ: ${key} was ${before.plan[key]} and is ${after.plan[key]}.`);
    return [
        ...missing(names(before), names(after)).map(name => `${name} was probed before only.`),
        ...missing(names(after), names(before)).map(name => `${name} was probed after only.`),
        ...missing(hosts(before), hosts(after)).map(host => `${host} was called before only.`),
        ...missing(hosts(after), hosts(before)).map(host => `${host} was called after only.`),
        ...settings,
        ...cutShort(before, "before"),
        ...cutShort(after, "after"),
        ...(Date.parse(after.startedAt) < Date.parse(before.startedAt)
            ? ["The second file is the older one: better and worse may be the wrong way round."]
            : []),
    ];
}

function missing(names: string[], among: string[]): string[] {
    return names.filter(name => !among.includes(name));
}

function cutShort({ reports }: EvidenceFile, when: string): string[] {
    return reports
        .filter(({ complete }) => !complete)
        .map(
            ({ vantagePoint, incompleteReason }) =>
                `${vantagePoint}'s run ${when} was cut short, so the last failures may be missing: ${incompleteReason}`,
        );
}
