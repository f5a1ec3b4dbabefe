import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { PHASES, phaseMs } from "../../network/evidence/phase.ts";
import { IP_FAMILIES } from "../../network/family.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { isGood } from "../../network/probe/reportOf.ts";
import { percentile } from "../../network/statistics.ts";

type Labels = Record<string, string>;

interface Sample {
    /** Appended to the metric's name: a summary has `_sum` and `_count`. */
    suffix?: string;
    labels: Labels;
    value: number;
}

/** A metric with its samples. Source of the format: Prometheus' "text-based exposition format", version 0.0.4. */
interface Metric {
    name: string;
    help: string;
    type: "gauge" | "summary";
    samples: Sample[];
}

/**
 * A run as metrics for node_exporter's textfile collector: gauges of this one run, no counters, since every run starts
 * anew. Samples carry no time stamp, which the collector refuses; `clearpath_run_end_time_seconds` tells their age.
 */
export function prometheusText(evidence: EvidenceFile): string {
    return metricsOf(evidence)
        .filter(({ samples }) => samples.length > 0)
        .map(metricText)
        .join("");
}

function metricsOf(evidence: EvidenceFile): Metric[] {
    const { verdict, reports, unprobed } = evidence;
    const gauge = (name: string, help: string, samples: Sample[]): Metric => ({
        name: `clearpath_${name}`,
        help,
        type: "gauge",
        samples,
    });
    const each = (of: (report: VantageReport) => Sample[]) =>
        reports.flatMap(report =>
            of(report).map(sample => ({ ...sample, labels: { vantage_point: report.vantagePoint, ...sample.labels } })),
        );
    const { cause, direction, scope, icmpFilteredAt } = verdict;
    return [
        gauge("healthy", "Whether the verdict is that nothing is wrong.", [
            { labels: {}, value: Number(cause === "none") },
        ]),
        gauge("verdict_info", "The verdict of the last run, in its labels.", [
            {
                labels: { cause, direction: direction ?? "", scope: scope ?? "", icmp_filtered_at: icmpFilteredAt },
                value: 1,
            },
        ]),
        gauge("verdict_confidence_ratio", "How sure the verdict is, 0 to 1.", [
            { labels: {}, value: verdict.confidence },
        ]),
        gauge("run_end_time_seconds", "When the last run ended, as Unix time.", [
            { labels: {}, value: Date.parse(evidence.endedAt) / 1000 },
        ]),
        gauge("probed", "Whether the vantage point could be probed.", [
            ...reports.map(({ vantagePoint }) => ({ labels: { vantage_point: vantagePoint }, value: 1 })),
            ...unprobed.map(({ vantagePoint }) => ({ labels: { vantage_point: vantagePoint }, value: 0 })),
        ]),
        gauge(
            "complete",
            "Whether the vantage point's run came to its end.",
            each(({ complete }) => [{ labels: {}, value: Number(complete) }]),
        ),
        gauge(
            "stable",
            "What the sequential test decided: 1 stable, 0 unstable; absent when it could not.",
            each(({ stability }) =>
                stability === "inconclusive" ? [] : [{ labels: {}, value: Number(stability === "stable") }],
            ),
        ),
        gauge(
            "connections",
            "Connections tried in the last run.",
            each(report => endpointSamples(report, ({ length }) => length)),
        ),
        gauge(
            "connections_good",
            "Connections of the last run that came through in time.",
            each(report =>
                endpointSamples(
                    report,
                    samples => samples.filter(sample => isGood(sample, evidence.plan.stability)).length,
                ),
            ),
        ),
        gauge(
            "connection_failures",
            "Connections of the last run that failed, by the kind of failure.",
            each(failureSamples),
        ),
        {
            name: "clearpath_phase_duration_seconds",
            help: "Time of each phase of the last run's connections that ended it.",
            type: "summary",
            samples: each(phaseSamples),
        },
        gauge(
            "image_pulls",
            "Image pulls tried in the last run.",
            each(({ pulls }) => pulls.map(({ image, attempts }) => ({ labels: { image }, value: attempts }))),
        ),
        gauge(
            "image_pulls_good",
            "Image pulls of the last run that succeeded.",
            each(({ pulls }) => pulls.map(({ image, succeeded }) => ({ labels: { image }, value: succeeded }))),
        ),
        gauge(
            "image_pull_duration_seconds",
            "Median of the last run's successful pulls.",
            each(({ pulls }) =>
                pulls.flatMap(({ image, seconds }) =>
                    seconds === null ? [] : [{ labels: { image }, value: seconds }],
                ),
            ),
        ),
        gauge(
            "path_mtu_bytes",
            "Largest packet proven to pass; bound says whether the path carries no more.",
            each(report => mtuSamples(report, "bytes")),
        ),
        gauge(
            "path_mtu_silent",
            "Whether larger packets vanish without an answer.",
            each(report => mtuSamples(report, "silent")),
        ),
    ];
}

function endpointSamples(report: VantageReport, count: (samples: VantageReport["samples"]) => number): Sample[] {
    return report.endpoints.map(({ endpoint }) => ({
        labels: { endpoint },
        value: count(report.samples.filter(sample => sample.endpoint === endpoint)),
    }));
}

function failureSamples({ endpoints }: VantageReport): Sample[] {
    return endpoints.flatMap(({ endpoint, failures }) =>
        Object.entries(failures).map(([kind, count]) => ({ labels: { endpoint, kind }, value: count })),
    );
}

function phaseSamples({ endpoints, samples }: VantageReport): Sample[] {
    return endpoints.flatMap(({ endpoint }) =>
        PHASES.flatMap(phase => {
            const times = samples
                .filter(sample => sample.endpoint === endpoint)
                .flatMap(sample => (phaseMs(sample, phase) ?? Number.NaN) / 1000)
                .filter(seconds => !Number.isNaN(seconds));
            if (times.length === 0) return [];
            const labels = { endpoint, phase };
            return [
                ...[0.5, 0.95, 0.99].map(share => ({
                    labels: { ...labels, quantile: `${share}` },
                    value: percentile(times, share),
                })),
                { suffix: "_sum", labels, value: times.reduce((sum, seconds) => sum + seconds, 0) },
                { suffix: "_count", labels, value: times.length },
            ];
        }),
    );
}

function mtuSamples({ pathMtu }: VantageReport, field: "bytes" | "silent"): Sample[] {
    return IP_FAMILIES.flatMap(family =>
        (["download", "upload"] as const).flatMap(direction => {
            const mtu = pathMtu[family]?.[direction];
            if (!mtu) return [];
            const labels = { family, direction };
            return [
                field === "bytes"
                    ? { labels: { ...labels, bound: mtu.bound }, value: mtu.bytes }
                    : { labels, value: Number(mtu.silent) },
            ];
        }),
    );
}

function metricText({ name, help, type, samples }: Metric): string {
    const lines = samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}\n`);
    return `# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Labels): string {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${labelValue(value)}"`);
    return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function labelValue(text: string): string {
    return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
