import { describe, expect, it } from "vitest";
import type { BytesPerFamily } from "../../../network/family.ts";
import { IP_FAMILIES, type IpFamily, type PerFamily } from "../../../network/family.ts";
import { packetForMss } from "../../../network/mss.ts";
import { type MssSearch, mssToTry, searchAfter, wantsAnotherTry } from "../../../network/mssSearch.ts";
import type { VantageSummary } from "../../../network/probe/report.ts";
import { measured } from "../components/facts.ts";
import { egress } from "../policy/stackOf.ts";

/** A network as the search meets it: what it carries in truth, and whether a search of the path can see that. */
interface Network {
    carries: PerFamily<number>;
    visible: boolean;
    link?: number;
}

/** What one host reports through a clamp. */
function reportThrough({ carries, visible, link = 1500 }: Network, mss: BytesPerFamily): VantageSummary {
    const { report } = egress("cp1", "server").props as { report: VantageSummary };
    const vanishes = (family: IpFamily) =>
        mss[family] !== null && Math.min(link, packetForMss(mss[family], family)) > carries[family];
    const hidden = measured(null);
    const seen = measured(vanishes("ipv4") ? carries.ipv4 : null, vanishes("ipv6") ? carries.ipv6 : null);
    const route = { link: "eth0", gateway: null, mtu: null, advmss: null, gatewayMac: null };
    return {
        ...report,
        facts: {
            ...report.facts,
            links: [{ name: "eth0", mtu: link, master: null, kind: null, up: true, mac: null }],
            defaultRoute: { ipv4: route, ipv6: route },
        },
        pathMtu: visible ? seen : hidden,
        endpoints: report.endpoints.map(endpoint => ({
            ...endpoint,
            byPlace: IP_FAMILIES.map(family => ({
                host: endpoint.endpoint,
                family,
                attempts: 10,
                failures: vanishes(family) ? { "tls-timeout": 10 } : {},
            })),
        })),
    };
}

/** Runs `up` after `up` until nothing more is tried: the search, and each MSS that was in force. */
function searchIn(network: Network, pathMtu: BytesPerFamily): { search: MssSearch; tried: BytesPerFamily[] } {
    let search: MssSearch | undefined;
    const tried: BytesPerFamily[] = [];
    do {
        const mss = mssToTry(pathMtu, search);
        tried.push(mss);
        const report = reportThrough(network, mss);
        const stalls = report.endpoints.some(({ byPlace }) => byPlace?.some(({ failures }) => failures["tls-timeout"]));
        const verdict = { cause: stalls ? ("pmtu-black-hole" as const) : ("none" as const), alsoSeen: [] };
        search = searchAfter(pathMtu, search, { mss, provenAt: `${tried.length}`, verdict, reports: [report] });
    } while (wantsAnotherTry(search) && tried.length < 20);
    return { search, tried };
}

const BOTH = (bytes: number) => ({ ipv4: bytes, ipv6: bytes });

describe("the search for an MSS", () => {
    it("ends at once where the measured path's MSS works", () => {
        const { search, tried } = searchIn({ carries: BOTH(1380), visible: true }, BOTH(1380));
        expect(tried).toEqual([{ ipv4: 1340, ipv6: 1320 }]);
        expect(search.state).toEqual({ ipv4: "settled", ipv6: "settled" });
    });

    it("takes what the probes measure under the clamp in one step", () => {
        const { search, tried } = searchIn({ carries: BOTH(1331), visible: true }, BOTH(1380));
        expect(tried.at(-1)).toEqual({ ipv4: 1291, ipv6: 1271 });
        expect(tried).toHaveLength(2);
        expect(search.steps[0]!.sentence).toContain("packets of 1331 bytes pass and larger ones vanish");
    });

    it("goes through common sizes where nothing can be measured, for each IP version by itself", () => {
        const { search, tried } = searchIn({ carries: { ipv4: 1330, ipv6: 1500 }, visible: false }, BOTH(1500));
        expect(tried.map(({ ipv4 }) => ipv4)).toEqual([1460, 1452, 1420, 1380, 1340, 1300, 1240]);
        expect(new Set(tried.map(({ ipv6 }) => ipv6))).toEqual(new Set([1440]));
        expect(search.state).toEqual({ ipv4: "settled", ipv6: "settled" });
    });

    it("tries no size that the stalling hosts' own links keep them from sending", () => {
        const { tried } = searchIn({ carries: BOTH(1330), visible: false, link: 1400 }, BOTH(1500));
        expect(tried.map(({ ipv4 }) => ipv4)).toEqual([1460, 1340, 1300, 1240]);
    });

    it("stops where IPv6 carries less than IPv6 must, and goes on for IPv4", () => {
        const { search } = searchIn({ carries: { ipv4: 1100, ipv6: 1100 }, visible: true }, BOTH(1400));
        expect(search.state).toEqual({ ipv4: "settled", ipv6: "not-the-cure" });
        expect(search.next).toEqual({ ipv4: 1060, ipv6: 1340 });
    });

    it("goes back to the measured path's MSS when the smallest one does not help", () => {
        const { search, tried } = searchIn({ carries: { ipv4: 0, ipv6: 0 }, visible: false }, BOTH(1500));
        expect(Math.min(...tried.map(({ ipv4 }) => ipv4!))).toBe(536);
        expect(Math.min(...tried.map(({ ipv6 }) => ipv6!))).toBe(1220);
        expect(search.next).toEqual({ ipv4: 1460, ipv6: 1440 });
        expect(search.state).toEqual({ ipv4: "not-the-cure", ipv6: "not-the-cure" });
        expect(search.steps.map(({ sentence }) => sentence).join()).toContain("the MSS is not the cure");
    });

    it("never goes below the floor, and always ends with what works where anything does", () => {
        for (let carried = 500; carried <= 1500; carried += 7) {
            for (const visible of [true, false]) {
                const { search, tried } = searchIn({ carries: BOTH(carried), visible }, BOTH(1500));
                expect(wantsAnotherTry(search)).toBe(false);
                for (const mss of tried) {
                    expect(mss.ipv4).toBeGreaterThanOrEqual(536);
                    expect(mss.ipv6).toBeGreaterThanOrEqual(1220);
                }
                for (const family of IP_FAMILIES) {
                    const curable = carried >= (family === "ipv4" ? 576 : 1280);
                    expect(search.state[family]).toBe(curable ? "settled" : "not-the-cure");
                    if (curable) expect(packetForMss(search.next[family]!, family)).toBeLessThanOrEqual(carried);
                }
            }
        }
    });

    it("tries nothing where the verdict names another cause", () => {
        const mss = { ipv4: 1340, ipv6: 1320 };
        const reports = [reportThrough({ carries: BOTH(0), visible: false }, mss)];
        const proof = { mss, provenAt: "1", verdict: { cause: "upstream" as const, alsoSeen: [] }, reports };
        expect(wantsAnotherTry(searchAfter(BOTH(1380), undefined, proof))).toBe(false);
    });

    it("takes no second step from probes that it has judged already", () => {
        const { search } = searchIn({ carries: BOTH(1331), visible: true }, BOTH(1380));
        const proof = {
            mss: search.next,
            provenAt: search.steps.at(-1)!.provenAt,
            verdict: { cause: "pmtu-black-hole" as const, alsoSeen: [] },
            reports: [reportThrough({ carries: BOTH(576), visible: true }, search.next)],
        };
        expect(searchAfter(BOTH(1380), search, proof)).toBe(search);
    });

    it("starts again when another path MTU was measured", () => {
        const { search } = searchIn({ carries: BOTH(1331), visible: true }, BOTH(1380));
        expect(mssToTry(BOTH(1380), search)).toEqual({ ipv4: 1291, ipv6: 1271 });
        expect(mssToTry(BOTH(1492), search)).toEqual({ ipv4: 1452, ipv6: 1432 });
    });

    it("leaves an IP version alone that is not clamped", () => {
        const { search } = searchIn({ carries: BOTH(1331), visible: true }, { ipv4: 1380, ipv6: null });
        expect(search.next).toEqual({ ipv4: 1291, ipv6: null });
        expect(search.state.ipv6).toBeNull();
    });
});
