import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BenchPath, type PathSettings } from "../../lab/bench/benchPath.ts";
import { agentPathMtu } from "../../lab/bench/tools.ts";
import { remainsOf } from "../../lab/network/remains.ts";
import { IP_FAMILIES } from "../../network/family.ts";

// The agent as it is sent to hosts, over one path of the lab. No host is booted.

const path = new BenchPath("pathmtutest");
const HOLE: PathSettings = { mtu: { upload: 1500, download: 1500 }, delayMs: 10, lossPercent: 0, seed: "1" };

beforeAll(() => path.up());
afterAll(async () => {
    await path.down();
    // The run directory too: a directory that stays would be taken for a lab that somebody still uses.
    expect(remainsOf(path.instance)).toEqual({ namespaces: [], processes: [], mounts: [], directories: [] });
});

/** What the agent finds. */
async function found(settings: Partial<PathSettings>, flows = 1) {
    await path.set({ ...HOLE, ...settings });
    const { result } = await agentPathMtu(path, ["ipv4", "ipv6"], flows);
    return result;
}

describe("the path MTU search", () => {
    it.each([
        ["a common MTU", { upload: 1380, download: 1380 }],
        ["the smallest hole", { upload: 1499, download: 1499 }],
        ["what IPv6 demands", { upload: 1280, download: 1280 }],
        ["one that is different in each direction", { upload: 1423, download: 1351 }],
    ])("finds %s to the byte within 12 probes a path; the bench tells how long that takes", async (_, mtu) => {
        const byFamily = await found({ mtu });
        for (const family of IP_FAMILIES) {
            for (const direction of ["upload", "download"] as const) {
                const measured = byFamily[family]![direction]!;
                expect(measured).toMatchObject({ bytes: mtu[direction], bound: "exact", silent: true });
                expect(measured.probes).toBeLessThanOrEqual(12);
            }
        }
    });

    it("finds a hole in one direction and none in the other", async () => {
        const { ipv4 } = await found({ mtu: { upload: 1400, download: 1500 } });
        expect(ipv4).toMatchObject({
            upload: { bytes: 1400, bound: "exact" },
            download: { bytes: 1500, bound: "at-least", limitedBy: "link", silent: false },
        });
    });

    it("takes routers at their word only when a packet of that size passes, and calls nothing silent then", async () => {
        const { ipv4, ipv6 } = await found({ mtu: { upload: 1433, download: 1433 }, tells: true });
        for (const measured of [ipv4!, ipv6!]) {
            expect(measured.upload).toMatchObject({ bytes: 1433, bound: "exact", icmpSeen: true, silent: false });
            expect(measured.download).toMatchObject({ bytes: 1433, silent: false });
        }
    });

    it("finds the same on every flow", async () => {
        const { ipv4 } = await found({ mtu: { upload: 1391, download: 1391 } }, 8);
        expect(ipv4!.upload!.paths).toEqual(Array(8).fill(1391));
        expect(ipv4!.download!.paths).toEqual(Array(8).fill(1391));
    });

    it("never calls a path larger than it is where one packet in ten is lost", async () => {
        for (const seed of ["1", "2", "3", "4", "5"]) {
            const { ipv4, ipv6 } = await found({ mtu: { upload: 1417, download: 1417 }, lossPercent: 10, seed });
            for (const measured of [ipv4!.upload, ipv4!.download, ipv6!.upload, ipv6!.download]) {
                expect(measured!.bytes).toBeLessThanOrEqual(1417);
            }
        }
    });
});
