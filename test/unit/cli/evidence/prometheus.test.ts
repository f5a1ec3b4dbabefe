import { describe, expect, test } from "vitest";
import { prometheusText } from "../../../../cli/evidence/prometheus.ts";
import { endpoint, gateway } from "../../network/verdict/reports.ts";
import { connections, recorded, runWith } from "./runs.ts";

const LABEL = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"`;
const SAMPLE = new RegExp(String.raw`^([a-zA-Z_:][\w:]*)(?:\{(${LABEL}(?:,${LABEL})*)\})? (-?[\d.]+(?:e[+-]?\d+)?)$`);

/** Every sample by its name and labels; throws on anything that the exposition format does not allow. */
function parsed(text: string): Map<string, number> {
    if (!text.endsWith("\n")) throw new Error("the last line does not end");
    const samples = new Map<string, number>();
    const families = new Set<string>();
    let family = "";
    for (const line of text.slice(0, -1).split("\n")) {
        if (line === "") continue;
        const help = /^# HELP (\S+) \S.*$/.exec(line);
        const type = /^# TYPE (\S+) (gauge|summary)$/.exec(line);
        if (help) {
            if (families.has(help[1]!)) throw new Error(`${help[1]} comes twice`);
            families.add(help[1]!);
            family = help[1]!;
        } else if (type) {
            if (type[1] !== family) throw new Error(`TYPE of ${type[1]} under ${family}`);
        } else {
            const sample = SAMPLE.exec(line);
            if (!sample || !sample[1]!.startsWith(family)) throw new Error(`not a sample of ${family}: ${line}`);
            const key = `${sample[1]}{${sample[2] ?? ""}}`;
            if (samples.has(key)) throw new Error(`${key} comes twice`);
            samples.set(key, Number(sample[3]));
        }
    }
    return samples;
}

describe("metrics of a recorded black hole", () => {
    test("are valid and say what the run found", async () => {
        const evidence = await recorded("before");
        const samples = parsed(await prometheusText(evidence));
        expect(samples.get("clearpath_healthy{}")).toBe(0);
        expect(
            samples.get(
                'clearpath_verdict_info{cause="pmtu-black-hole",direction="both",scope="host-and-vms",icmp_filtered_at="beyond"}',
            ),
        ).toBe(1);
        expect(samples.get("clearpath_run_end_time_seconds{}")).toBe(Date.parse(evidence.endedAt) / 1000);
        expect(
            samples.get(
                'clearpath_path_mtu_bytes{vantage_point="cp1",family="ipv4",direction="download",bound="exact"}',
            ),
        ).toBe(1380);
        expect(samples.get('clearpath_path_mtu_silent{vantage_point="cp1",family="ipv4",direction="download"}')).toBe(
            1,
        );
        const ghcr = evidence.reports[1]!.endpoints.find(one => one.endpoint === "ghcr.io")!;
        expect(samples.get('clearpath_connections{vantage_point="cp1",endpoint="ghcr.io"}')).toBe(ghcr.attempts);
        expect(samples.get('clearpath_connections_good{vantage_point="cp1",endpoint="ghcr.io"}')).toBe(ghcr.succeeded);
        expect(
            samples.get('clearpath_connection_failures{vantage_point="cp1",endpoint="ghcr.io",kind="tls-timeout"}'),
        ).toBe(ghcr.failures["tls-timeout"]);
    });

    test("carry no time stamp, which the textfile collector refuses", async () => {
        for (const line of (await prometheusText(await recorded("after"))).split("\n"))
            expect(line.replace(/"[^"]*"/g, "").split(" ").length).toBeLessThanOrEqual(
                line.startsWith("#") ? Infinity : 2,
            );
    });
});

test("times are in seconds, with sum and count", async () => {
    const run = runWith([
        { ...gateway(), endpoints: [endpoint("ghcr.io")], samples: connections("ghcr.io", 4, 1, () => 250) },
    ]);
    const samples = parsed(await prometheusText(run));
    const labels = 'vantage_point="pve",endpoint="ghcr.io",phase="tls"';
    expect(samples.get(`clearpath_phase_duration_seconds{${labels},quantile="0.5"}`)).toBe(0.25);
    expect(samples.get(`clearpath_phase_duration_seconds_sum{${labels}}`)).toBe(0.75);
    expect(samples.get(`clearpath_phase_duration_seconds_count{${labels}}`)).toBe(3);
});

test("names with quotes, backslashes and line ends stay one label", async () => {
    const run = runWith([gateway({ vantagePoint: 'a"} 1\nb\\' })]);
    expect(parsed(await prometheusText(run)).get('clearpath_complete{vantage_point="a\\"} 1\\nb\\\\"}')).toBe(1);
});

test("a host that could not be probed is 0, and an undecided one has no decision", async () => {
    const run = runWith([gateway({ stability: "inconclusive" })], {
        unprobed: [{ vantagePoint: "cp1", reason: "gone" }],
    });
    const samples = parsed(await prometheusText(run));
    expect(samples.get('clearpath_probed{vantage_point="cp1"}')).toBe(0);
    expect([...samples.keys()].filter(key => key.startsWith("clearpath_stable"))).toEqual([]);
});
