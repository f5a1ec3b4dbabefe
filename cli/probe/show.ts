import Table from "cli-table3";
import type { EndpointResult, MeasuredMtu, VantageReport } from "../../network/probe/report.ts";
import type { Verdict } from "../../network/verdict/index.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";

const PLAIN = { head: [], border: [] };

/** What was found, for people: endpoint by vantage point, pulls, path MTU, and the verdict in words. */
export function probeText({ reports, verdict, unprobed }: ProbeAllResult): string {
    const missing = unprobed.map(({ reason }) => `${reason}\n`).join("");
    return `${resultsTable(reports)}\n\n${verdictText(verdict)}${missing && `\nNot probed:\n${missing}`}`;
}

function resultsTable(reports: VantageReport[]): string {
    const table = new Table({ head: ["", ...reports.map(({ vantagePoint }) => vantagePoint)], style: PLAIN });
    for (const name of namesIn(reports, report => report.endpoints.map(({ endpoint }) => endpoint)))
        table.push([name, ...reports.map(report => endpointCell(report.endpoints.find(one => one.endpoint === name)))]);
    for (const name of namesIn(reports, report => report.pulls.map(({ image }) => image)))
        table.push([`pull ${name}`, ...reports.map(report => pullCell(report, name))]);
    for (const family of ["ipv4", "ipv6"] as const)
        for (const direction of ["download", "upload"] as const)
            table.push([
                `path MTU ${family} ${direction}`,
                ...reports.map(({ pathMtu }) => mtuCell(pathMtu[family]?.[direction])),
            ]);
    return table.toString();
}

function namesIn(reports: VantageReport[], names: (report: VantageReport) => string[]): string[] {
    return [...new Set(reports.flatMap(names))];
}

function endpointCell(result: EndpointResult | undefined): string {
    if (!result || result.attempts === 0) return "-";
    const { attempts, succeeded, failures, latency, slow, slowDns } = result;
    const kinds = Object.entries(failures).map(([kind, count]) => `${count} ${kind}`);
    if (slow > 0) kinds.push(`${slow} slow`);
    if (slowDns > 0) kinds.push(`${slowDns} slow name lookup`);
    const median = latency ? `, ${Math.round(latency.median)} ms` : "";
    return [`${succeeded} of ${attempts}${median}`, ...kinds].join("\n");
}

function pullCell({ pulls }: VantageReport, image: string): string {
    const pull = pulls.find(one => one.image === image);
    if (!pull) return "-";
    const time = pull.seconds === null ? "" : `, ${pull.seconds.toFixed(1)} s`;
    return `${pull.succeeded} of ${pull.attempts}${time} (${pull.via})`;
}

function mtuCell(mtu: MeasuredMtu | null | undefined): string {
    if (!mtu) return "-";
    if (mtu.bound === "at-least") return `${mtu.bytes} or more`;
    const hit = mtu.paths.filter(bytes => bytes === mtu.bytes).length;
    const share = hit < mtu.paths.length ? ` on ${hit} of ${mtu.paths.length} flows` : "";
    return `${mtu.bytes}${share}${mtu.silent ? ", silent" : ""}`;
}

/** A verdict in words. */
export function verdictText(verdict: Verdict): string {
    const { cause, direction, scope, icmpFilteredAt, confidence } = verdict;
    const facts = [
        direction && `direction ${direction}`,
        scope && `scope ${scope}`,
        icmpFilteredAt !== "nowhere" && `ICMP filtered at: ${icmpFilteredAt}`,
        `confidence ${confidence}`,
    ].filter(Boolean);
    const lines = [
        `Verdict: ${cause} (${facts.join(", ")})`,
        verdict.summary,
        ...verdict.evidence.map(({ vantagePoint, statement }) => `  ${vantagePoint}: ${statement}`),
        ...section("What to do:", verdict.actions.map(actionText)),
        ...section(
            "Also seen:",
            verdict.alsoSeen.map(({ cause: also, summary }) => `${also}: ${summary}`),
        ),
        ...section("To know:", verdict.advisories),
        ...section("Ruled out:", verdict.ruledOut.length > 0 ? [verdict.ruledOut.join(", ")] : []),
    ];
    return `${lines.join("\n")}\n`;
}

function actionText({ component, argument, sentence }: Verdict["actions"][number]): string {
    return component ? `${sentence} (${component}, ${argument})` : sentence;
}

function section(title: string, lines: string[]): string[] {
    return lines.length === 0 ? [] : [title, ...lines.map(line => `  ${line}`)];
}
