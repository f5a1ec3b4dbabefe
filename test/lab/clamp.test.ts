import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { type ClampMode, type ClampTable, clampTable, tableFamily } from "../../network/clampTable.ts";

/**
 * The clamp on a kernel, in network namespaces of this test: a node, a host in the middle that routes or bridges, and
 * the far end. What counts is the MSS that both ends of a connection agree on.
 */
const PREFIX = `cp${process.pid}`;
const namespaces = { node: `${PREFIX}n`, middle: `${PREFIX}m`, far: `${PREFIX}f` };
type Place = keyof typeof namespaces;

const NODE = { ipv4: "10.99.1.2", ipv6: "2001:db8:99:1::2" };
const FAR = { ipv4: "10.99.2.2", ipv6: "2001:db8:99:2::2" };
const MIDDLE = { ipv4: "10.99.1.1", ipv6: "2001:db8:99:1::1" };
const SUBNETS = ["10.99.1.0/24", "2001:db8:99:1::/64"];
/** TCP timestamps take 12 bytes of every segment, and TCP_MAXSEG of a connection counts without them. */
const TIMESTAMPS = 12;

function ip(...args: string[]): void {
    execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

function within(place: Place, ...command: string[]): void {
    ip("netns", "exec", namespaces[place], ...command);
}

function address(place: Place, link: string, ...addresses: string[]): void {
    for (const one of addresses)
        within(place, "ip", "address", "add", one, "dev", link, ...(one.includes(":") ? ["nodad"] : []));
    within(place, "ip", "link", "set", link, "up");
}

/** A cable from the node to the middle and one from there to the far end. */
function cables(): void {
    for (const name of Object.values(namespaces)) ip("netns", "add", name);
    for (const place of Object.keys(namespaces) as Place[]) within(place, "ip", "link", "set", "lo", "up");
    ip("link", "add", "eth0", "netns", namespaces.node, "type", "veth", "peer", "inner", "netns", namespaces.middle);
    ip("link", "add", "outer", "netns", namespaces.middle, "type", "veth", "peer", "eth0", "netns", namespaces.far);
}

function routedNetwork(): void {
    cables();
    address("node", "eth0", `${NODE.ipv4}/24`, `${NODE.ipv6}/64`);
    address("middle", "inner", `${MIDDLE.ipv4}/24`, `${MIDDLE.ipv6}/64`);
    address("middle", "outer", "10.99.2.1/24", "2001:db8:99:2::1/64");
    address("far", "eth0", `${FAR.ipv4}/24`, `${FAR.ipv6}/64`);
    within("middle", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    for (const [place, via4, via6] of [
        ["node", MIDDLE.ipv4, MIDDLE.ipv6],
        ["far", "10.99.2.1", "2001:db8:99:2::1"],
    ] as const) {
        within(place, "ip", "route", "add", "default", "via", via4);
        within(place, "ip", "-6", "route", "add", "default", "via", via6);
    }
}

/** The middle only bridges; the far end is the local network's router, with an address of the internet beside its own. */
function bridgedNetwork(): void {
    cables();
    within("middle", "ip", "link", "add", "br0", "type", "bridge");
    for (const port of ["inner", "outer"]) {
        within("middle", "ip", "link", "set", port, "master", "br0");
        within("middle", "ip", "link", "set", port, "up");
    }
    address("middle", "br0", "10.99.1.3/24");
    address("node", "eth0", `${NODE.ipv4}/24`, `${NODE.ipv6}/64`);
    address("far", "eth0", `${MIDDLE.ipv4}/24`, `${MIDDLE.ipv6}/64`);
    address("far", "lo", `${FAR.ipv4}/32`, `${FAR.ipv6}/128`);
    within("node", "ip", "route", "add", "default", "via", MIDDLE.ipv4);
    within("node", "ip", "-6", "route", "add", "default", "via", MIDDLE.ipv6);
    within("middle", "ip", "route", "add", "default", "via", MIDDLE.ipv4);
}

function clamp(place: Place, mode: ClampMode, change: Partial<ClampTable> = {}): void {
    const table = { mode, mss: { ipv4: 1340, ipv6: 1320 }, subnets: SUBNETS, ...change };
    const text = `table ${tableFamily(mode)} clearpath {\n${clampTable(table)}}\n`;
    execFileSync("ip", ["netns", "exec", namespaces[place], "nft", "-f", "-"], { input: text });
}

const SERVER = `
import socket, sys
server = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print(server.getsockname()[1], flush=True)
peer, _ = server.accept()
peer.recv(1)
print(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
peer.send(b".")
`;
const CLIENT = `
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
peer.send(b".")
peer.recv(1)
print(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
`;

/** MSS that a connection has at its client and at its server, in bytes, as their SYNs agreed. */
async function mssBetween(client: Place, server: Place, at: string): Promise<{ client: number; server: number }> {
    const listening = spawn("ip", ["netns", "exec", namespaces[server], "python3", "-c", SERVER, at], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    try {
        const lines = createInterface(listening.stdout)[Symbol.asyncIterator]();
        const port = (await lines.next()).value;
        const atClient = execFileSync(
            "ip",
            ["netns", "exec", namespaces[client], "python3", "-c", CLIENT, at, String(port)],
            { encoding: "utf8" },
        );
        const atServer = (await lines.next()).value;
        return { client: Number(atClient) + TIMESTAMPS, server: Number(atServer) + TIMESTAMPS };
    } finally {
        listening.kill();
        if (listening.exitCode === null) await once(listening, "exit");
    }
}

afterEach(() => {
    for (const name of Object.values(namespaces)) ip("netns", "delete", name);
});

describe("the clamp of a gateway that routes", () => {
    it("limits both ends of a node's connections, whoever opens them, to the MSS of their IP version", async () => {
        routedNetwork();
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1460, server: 1460 });
        clamp("middle", "routed", { egressLink: "outer" });
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("far", "node", NODE.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("node", "far", FAR.ipv6)).toEqual({ client: 1320, server: 1320 });
    });

    it("limits the gateway's own connections to the internet, and none to the nodes", async () => {
        routedNetwork();
        clamp("middle", "routed");
        expect(await mssBetween("middle", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("middle", "node", NODE.ipv4)).toEqual({ client: 1460, server: 1460 });
    });

    it("leaves the gateway's storage link alone, whose MTU is 9000, and clamps its default route's link", async () => {
        routedNetwork();
        ip(
            "link",
            "add",
            "stor0",
            "netns",
            namespaces.middle,
            "type",
            "veth",
            "peer",
            "stor0",
            "netns",
            namespaces.far,
        );
        for (const place of ["middle", "far"] as const) within(place, "ip", "link", "set", "stor0", "mtu", "9000");
        address("middle", "stor0", "10.99.9.1/24");
        address("far", "stor0", "10.99.9.2/24");
        const before = await mssBetween("middle", "far", "10.99.9.2");
        clamp("middle", "routed", { uplinks: { ipv4: "outer", ipv6: "outer" } });
        expect(before).toEqual({ client: 8960, server: 8960 });
        expect(await mssBetween("middle", "far", "10.99.9.2")).toEqual(before);
        expect(await mssBetween("middle", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
    });

    it("never raises an MSS that is lower already", async () => {
        routedNetwork();
        within("node", "ip", "link", "set", "eth0", "mtu", "1280");
        clamp("middle", "routed");
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1240, server: 1240 });
    });
});

describe("the clamp of a host that bridges", () => {
    it("limits what passes to the internet and leaves the local network alone", async () => {
        bridgedNetwork();
        clamp("middle", "bridged");
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("node", "far", FAR.ipv6)).toEqual({ client: 1320, server: 1320 });
        expect(await mssBetween("node", "far", MIDDLE.ipv4)).toEqual({ client: 1460, server: 1460 });
    });

    it("limits the host's own connections over its bridge", async () => {
        bridgedNetwork();
        clamp("middle", "bridged");
        expect(await mssBetween("middle", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
    });
});

describe("the clamp of a node", () => {
    it("limits the node's connections to the internet, both ways, and none within the subnet", async () => {
        routedNetwork();
        clamp("node", "nodes", { egressLink: "eth0" });
        expect(await mssBetween("node", "far", FAR.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("far", "node", NODE.ipv4)).toEqual({ client: 1340, server: 1340 });
        expect(await mssBetween("node", "middle", MIDDLE.ipv4)).toEqual({ client: 1460, server: 1460 });
    });
});
