import { Stability } from "../../../../network/probe/plan.ts";
import type {
    EndpointResult,
    FailureKind,
    HostNetworkFacts,
    MeasuredMtu,
    VantageReport,
} from "../../../../network/probe/report.ts";
import { type JudgedRun, type Verdict, verdictOf } from "../../../../network/verdict/index.ts";

export const ENDPOINTS = ["ghcr.io", "registry-1.docker.io", "quay.io", "api.doppler.com"];

export const GATEWAY_MAC = "02:00:00:00:77:01";

/** A measurement that met no limit but the host's own link. */
export function atLeast(bytes: number, limitedBy: "link" | "peer" = "link"): MeasuredMtu {
    return { bytes, bound: "at-least", limitedBy, paths: [bytes, bytes], icmpSeen: false, silent: false, probes: 0 };
}

/** A measurement that met a limit nobody told it of. */
export function silent(bytes: number, paths = [bytes, bytes]): MeasuredMtu {
    return { bytes, bound: "exact", limitedBy: null, paths, icmpSeen: false, silent: true, probes: 4 };
}

/** A measurement that ICMP told the limit. */
export function told(bytes: number): MeasuredMtu {
    return { bytes, bound: "exact", limitedBy: null, paths: [bytes, bytes], icmpSeen: true, silent: false, probes: 2 };
}

/** Both directions of both IP versions. */
export function mtus(download: MeasuredMtu, upload: MeasuredMtu): VantageReport["pathMtu"] {
    return { ipv4: { download, upload }, ipv6: { download, upload } };
}

export function endpoint(name: string, changes: Partial<EndpointResult> = {}): EndpointResult {
    return {
        endpoint: name,
        attempts: 30,
        succeeded: 30,
        failures: {},
        latency: { median: 40, p95: 60, p99: 70 },
        slow: 0,
        slowDns: 0,
        repeated: 0,
        byHello: { small: { attempts: 15, failed: 0 }, large: { attempts: 15, failed: 0 } },
        ...changes,
    };
}

/** An endpoint at which `count` of 30 attempts fail alike. */
export function failing(name: string, kind: FailureKind, count = 30): EndpointResult {
    return endpoint(name, { succeeded: 30 - count, failures: { [kind]: count } });
}

/** All endpoints, some of them replaced. */
export function endpoints(...changed: EndpointResult[]): EndpointResult[] {
    return ENDPOINTS.map(name => changed.find(one => one.endpoint === name) ?? endpoint(name));
}

export function allFailing(kind: FailureKind, count = 30): EndpointResult[] {
    return ENDPOINTS.map(name => failing(name, kind, count));
}

function facts(changes: Partial<HostNetworkFacts> = {}): HostNetworkFacts {
    return {
        machineId: "0123456789abcdef0123456789abcdef",
        kernel: "6.1.0",
        links: [],
        defaultRoute: {},
        pmtuCache: [],
        resolvers: ["192.0.2.53"],
        conntrack: null,
        tcpMtuProbing: 0,
        icmpFragNeededReceived: 0,
        clampCounters: [],
        icmpDropRules: [],
        ...changes,
    };
}

function report(
    vantagePoint: string,
    role: VantageReport["role"],
    { facts: someFacts, ...changes }: Partial<Omit<VantageReport, "facts">> & { facts?: Partial<HostNetworkFacts> },
): VantageReport {
    const all = changes.endpoints ?? endpoints();
    const bad = all.some(({ succeeded, attempts, slow, slowDns }) => succeeded < attempts || slow > 0 || slowDns > 0);
    return {
        version: 1,
        vantagePoint,
        role,
        startedAt: "2026-01-01T00:00:00.000Z",
        seconds: 3,
        complete: true,
        incompleteReason: null,
        endpoints: all,
        pulls: [
            { image: "registry.k8s.io/pause:3.10", attempts: 1, succeeded: 1, seconds: 1, via: "ctr", error: null },
        ],
        pathMtu: mtus(atLeast(1500), atLeast(1500)),
        facts: facts(someFacts),
        stability: bad ? "unstable" : "stable",
        samples: [],
        ...changes,
    };
}

type Changes = Parameters<typeof report>[2];

/** A gateway that is healthy but for what is given. */
export function gateway({ facts: some, ...changes }: Changes = {}): VantageReport {
    const links = [{ name: "vmbr1", mtu: 1500, master: null, kind: "bridge", up: true, mac: GATEWAY_MAC }];
    return report("pve", "gateway", { ...changes, facts: { links, ...some } });
}

/** A node that is healthy but for what is given; `mtu` is its link's. */
export function node(name: string, changes: Changes = {}, mtu = 1500): VantageReport {
    const links = [{ name: "eth0", mtu, master: null, kind: null, up: true, mac: "02:00:00:00:27:11" }];
    const defaultRoute = {
        ipv4: { link: "eth0", gateway: "10.27.27.1", mtu: null, advmss: null, gatewayMac: GATEWAY_MAC },
    };
    const { facts: some, ...rest } = changes;
    return report(name, name === "cp1" ? "server" : "agent", { ...rest, facts: { links, defaultRoute, ...some } });
}

/** The verdict on reports of a plan with the default threshold, with the vantage points that were to report beside them. */
export function judged(
    reports: Parameters<typeof verdictOf>[0],
    silent: readonly string[] = [],
    threshold: JudgedRun["threshold"] = Stability.parse({}),
): Verdict {
    const vantagePoints = [...reports.map(({ vantagePoint }) => vantagePoint), ...silent];
    return verdictOf(reports, { vantagePoints, threshold });
}
