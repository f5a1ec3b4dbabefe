import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { must } from "../../../lab/network/command.ts";

const AGENT_PARENT = join(import.meta.dirname, "../../../provider/probe");
const SIMULATION = join(import.meta.dirname, "path_mtu_test.py");

interface Found {
    mtu: number;
    bytes: number;
    exact: boolean;
    probes: number;
}

interface Paths {
    smallest: number;
    link: number;
    step?: number;
    lossPercent?: number;
    runs?: number;
}

/** What the search finds on simulated paths: one of each MTU from `smallest` to `link`, `runs` times. */
async function searched({ smallest, link, step = 1, lossPercent = 0, runs = 1 }: Paths): Promise<Found[]> {
    const numbers = [smallest, link, step, lossPercent, runs].map(String);
    const text = await must("simulate", ["python3", "-B", SIMULATION, AGENT_PARENT, ...numbers]);
    const lines = JSON.parse(text) as [number, number, boolean, number][];
    return lines.map(([mtu, bytes, exact, probes]) => ({ mtu, bytes, exact, probes }));
}

const wrong = (found: Found[]) => found.filter(({ mtu, bytes }) => bytes !== mtu);
const mostProbes = (found: Found[]) => Math.max(...found.map(({ probes }) => probes));

describe("the path MTU search", () => {
    it("finds every MTU from 1280 to 1500 to the byte with 12 probes at most", async () => {
        const found = await searched({ smallest: 1280, link: 1500 });
        expect(wrong(found)).toEqual([]);
        expect(mostProbes(found)).toBeLessThanOrEqual(12);
    });

    it("calls a path that carries all that the link does at least as large, by one probe", async () => {
        expect(await searched({ smallest: 1500, link: 1500 })).toEqual([
            { mtu: 1500, bytes: 1500, exact: false, probes: 1 },
        ]);
    });

    it("needs fewer probes for MTUs that are common than for others", async () => {
        const found = await searched({ smallest: 1280, link: 1499 });
        const of = (sizes: number[]) => mostProbes(found.filter(({ mtu }) => sizes.includes(mtu)));
        expect(of([1492, 1480, 1420, 1380, 1280])).toBeLessThan(of([1491, 1471, 1421, 1387, 1281]));
    });

    it.each([
        ["below what IPv6 demands", { smallest: 576, link: 1500, step: 13 }],
        ["of jumbo frames", { smallest: 1500, link: 9000, step: 151 }],
    ])("finds MTUs %s", async (_, paths) => {
        expect(wrong(await searched(paths))).toEqual([]);
    });

    it("is exact in 99 of 100 runs, and never too large, where one packet in ten is lost", async () => {
        const found = await searched({ smallest: 1280, link: 1500, lossPercent: 10, runs: 10 });
        expect(found.filter(({ mtu, bytes }) => bytes > mtu)).toEqual([]);
        expect(wrong(found).length / found.length).toBeLessThan(0.01);
    });
});
