import { Gauge, Registry, Summary } from "prom-client";
import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { PHASES, phaseMs } from "../../network/evidence/phase.ts";
import { IP_FAMILIES } from "../../network/family.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { isGood } from "../../network/probe/reportOf.ts";
import { percentile } from "../../network/statistics.ts";

interface Sample {
    labels: Record<string, string>;
    value: number;
}

/**
 * A run as metrics for node_exporter's textfile collector, in Prometheus' text format 0.0.4. They describe this one run, so
 * there are gauges and no counters. Samples carry no time stamp, because the collector refuses time stamps;
 * `clearpath_run_end_time_seconds` says how old the run is.
 */
export async function prometheusText(evidence: EvidenceFile): Promise<string> {
    const registry = new Registry();
    const { verdict, reports, unprobed, plan } = evidence;
    const gauge = (name: string, help: string, samples: Sample[]) => addGauge(registry, name, help, samples);
    const once = (value: number, labels: Sample["labels"] = {}) => [{ labels, value }];
    const each = (of: (report: VantageReport) => Sample[]) =>
        reports.flatMap(report => of(report).map(({ labels, value }) => ({ labels: labelsAt(report, labels), value })));
    const { cause, direction, scope, icmpFilteredAt } = verdict;

    gauge("healthy", "Whether the verdict is that nothing is wrong.", once(Number(cause === "none")));
    gauge(
        "verdict_info",
        "The verdict of the last run, in its labels.",
        once(1, { cause, direction: direction ?? "", scope: scope ?? "", icmp_filtered_at: icmpFilteredAt }),
    );
    gauge("verdict_confidence_ratio", "How sure the verdict is, 0 to 1.", once(verdict.confidence));
    gauge("run_end_time_seconds", "When the last run ended, as Unix time.", once(Date.parse(evidence.endedAt) / 1000));
    gauge("probed", "Whether the vantage point could be probed.", [
        ...reports.map(report => ({ labels: labelsAt(report), value: 1 })),
        ...unprobed.map(host => ({ labels: labelsAt(host), value: 0 })),
    ]);
    gauge(
        "complete",
        "Whether the vantage point's run came to its end.",
        each(({ complete }) => once(Number(complete))),
    );
    gauge(
        "stable",
        "What the sequential test decided: 1 stable, 0 unstable; absent when it could not.",
        each(({ stability }) => (stability === "inconclusive" ? [] : once(Number(stability === "stable")))),
    );
    gauge(
        "connections",
        "Connections tried in the last run.",
        each(report => perEndpoint(report, ({ length }) => length)),
    );
    gauge(
        "connections_good",
        "Connections of the last run that came through in time.",
        each(report => perEndpoint(report, samples => samples.filter(sample => isGood(sample, plan.stability)).length)),
    );
    gauge("connection_failures", "Connections of the last run that failed, by the kind of failure.", each(failures));
    const phases = reports.flatMap(phaseDurations);
    if (phases.length > 0) new PhaseDurations(registry, phases);
    gauge(
        "image_pulls",
        "Image pulls tried in the last run.",
        each(({ pulls }) => pulls.flatMap(({ image, attempts }) => once(attempts, { image }))),
    );
    gauge(
        "image_pulls_good",
        "Image pulls of the last run that succeeded.",
        each(({ pulls }) => pulls.flatMap(({ image, succeeded }) => once(succeeded, { image }))),
    );
    gauge(
        "image_pull_duration_seconds",
        "Median of the last run's successful pulls.",
        each(({ pulls }) => pulls.flatMap(({ image, seconds }) => (seconds === null ? [] : once(seconds, { image })))),
    );
    gauge(
        "path_mtu_bytes",
        "Largest packet proven to pass; bound says whether the path carries no more.",
        each(report => pathMtus(report, "bytes")),
    );
    gauge(
        "path_mtu_silent",
        "Whether larger packets vanish without an answer.",
        each(report => pathMtus(report, "silent")),
    );
    return registry.metrics();
}

/** A gauge without samples is left out: nothing of that kind was measured. */
function addGauge(registry: Registry, name: string, help: string, samples: Sample[]): void {
    if (samples.length === 0) return;
    const labelNames = Object.keys(samples[0]!.labels);
    const gauge = new Gauge({ name: `clearpath_${name}`, help, labelNames, registers: [registry] });
    for (const { labels, value } of samples) gauge.set(labels, value);
}

function labelsAt({ vantagePoint }: { vantagePoint: string }, labels: Sample["labels"] = {}): Sample["labels"] {
    return { vantage_point: vantagePoint, ...labels };
}

function perEndpoint(report: VantageReport, count: (samples: VantageReport["samples"]) => number): Sample[] {
    return report.endpoints.map(({ endpoint }) => ({
        labels: { endpoint },
        value: count(report.samples.filter(sample => sample.endpoint === endpoint)),
    }));
}

function failures({ endpoints }: VantageReport): Sample[] {
    return endpoints.flatMap(({ endpoint, failures }) =>
        Object.entries(failures).map(([kind, count]) => ({ labels: { endpoint, kind }, value: count })),
    );
}

const PHASE_DURATION = "clearpath_phase_duration_seconds";

/** A summary with the quantiles that the reports show. prom-client's own summary estimates them with a t-digest. */
class PhaseDurations extends Summary {
    readonly #values: Sample[];

    constructor(registry: Registry, values: Sample[]) {
        super({
            name: PHASE_DURATION,
            help: "Time of each phase of the last run's connections that ended it.",
            registers: [registry],
        });
        this.#values = values;
    }

    override async get() {
        return { ...(await super.get()), values: this.#values };
    }
}

function phaseDurations(report: VantageReport): Sample[] {
    return report.endpoints.flatMap(({ endpoint }) =>
        PHASES.flatMap(phase => {
            const times = report.samples
                .filter(sample => sample.endpoint === endpoint)
                .map(sample => phaseMs(sample, phase))
                .filter(milliseconds => milliseconds != null)
                .map(milliseconds => milliseconds / 1000);
            if (times.length === 0) return [];
            const labels = labelsAt(report, { endpoint, phase });
            return [
                ...[0.5, 0.95, 0.99].map(share => ({
                    labels: { ...labels, quantile: `${share}` },
                    value: percentile(times, share),
                })),
                {
                    metricName: `${PHASE_DURATION}_sum`,
                    labels,
                    value: times.reduce((sum, seconds) => sum + seconds, 0),
                },
                { metricName: `${PHASE_DURATION}_count`, labels, value: times.length },
            ];
        }),
    );
}

function pathMtus({ pathMtu }: VantageReport, field: "bytes" | "silent"): Sample[] {
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
