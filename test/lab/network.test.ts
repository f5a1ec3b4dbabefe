import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../lab/network/command.ts";
import { daemonNames, runningPid } from "../../lab/network/daemon.ts";
import { buildImage, TEST_IMAGES } from "../../lab/network/images.ts";
import { applyInternet, startInternet, stopInternet } from "../../lab/network/internet/internet.ts";
import { applyIsp, startIsp, stopIsp } from "../../lab/network/isp/isp.ts";
import { addNamespace, deleteNamespace, insideNamespace, ipBatch, linkNames } from "../../lab/network/namespace.ts";
import { parseScenario, type ScenarioInput } from "../../lab/network/scenario.ts";
import {
    addressOf,
    DNS_SERVER,
    INTERNET_HOSTS,
    ISP_BRIDGE,
    labCaPath,
    labPaths,
    namespacePath,
} from "../../lab/network/topology.ts";

// The internet and the paths to it, from a client in the house's network. No host is booted.

const INSTANCE = "networktest";
const CLIENT = fileURLToPath(new URL("./networkClient.py", import.meta.url));
const HOSTS = JSON.stringify({ ...INTERNET_HOSTS, dns: DNS_SERVER });

/** Runs one command of the client. */
async function client<T>(command: string, ...args: unknown[]): Promise<T> {
    const words = [HOSTS, labCaPath(), command, ...args.map(argument => JSON.stringify(argument))];
    const argv = insideNamespace(INSTANCE, "runner", ["/usr/bin/python3", "-B", CLIENT, ...words]);
    return JSON.parse(await must(`run the client's ${command}`, argv));
}

async function set(internet: ScenarioInput["internet"]): Promise<void> {
    const scenario = parseScenario({ internet });
    await Promise.all([applyIsp(INSTANCE, scenario), applyInternet(INSTANCE, scenario)]);
}

beforeAll(async () => {
    await stopInternet(INSTANCE);
    await stopIsp(INSTANCE);
    await deleteNamespace(INSTANCE, "runner");
    const healthy = parseScenario({});
    await startIsp(INSTANCE, healthy);
    await startInternet(INSTANCE, healthy);
    await addNamespace(INSTANCE, "runner");
    await ipBatch(INSTANCE, "isp", [
        `link add lan-runner type veth peer name eth0 netns ${INSTANCE}-runner`,
        `link set lan-runner master ${ISP_BRIDGE} up`,
    ]);
    const [own, router] = [addressOf("runner"), addressOf("isp")];
    await ipBatch(INSTANCE, "runner", [
        `addr add ${own.ipv4}/24 dev eth0`,
        `addr add ${own.ipv6}/64 dev eth0 nodad`,
        "link set eth0 up",
        `route add default via ${router.ipv4}`,
        `route add default via ${router.ipv6}`,
    ]);
    const offloads = ["-K", "eth0", "tso", "off", "gso", "off", "gro", "off"];
    await must("turn offloads off", insideNamespace(INSTANCE, "runner", ["ethtool", ...offloads]));
});

afterAll(async () => {
    await stopInternet(INSTANCE);
    await stopIsp(INSTANCE);
    await deleteNamespace(INSTANCE, "runner");
    await rm(labPaths(INSTANCE).run, { recursive: true, force: true });
});

describe("a path", () => {
    it.each(["ipv4", "ipv6"])(
        "that answers carries %s packets of its MTU and tells it for one byte more",
        async family => {
            await set({ paths: [{ mtu: 1380 }] });

            expect(await client("send_packet", family, 1380)).toEqual({ answered: true, pathMtu: 1500 });
            expect(await client("send_packet", family, 1381)).toEqual({ answered: false, pathMtu: 1380 });
        },
    );

    it.each(["ipv4", "ipv6"])(
        "that is a black hole carries %s packets of its MTU and loses one byte more",
        async family => {
            await set({ paths: [{ mtu: 1380, icmpFragNeeded: "drop" }] });

            expect(await client("send_packet", family, 1380)).toEqual({ answered: true, pathMtu: 1500 });
            expect(await client("send_packet", family, 1381)).toEqual({ answered: false, pathMtu: 1500 });
        },
    );

    it("with a hole in downloads stalls every handshake, since certificates do not arrive", async () => {
        await set({ paths: [{ mtu: 1380, icmpFragNeeded: "drop", mtuAppliesTo: "download" }] });

        expect(await client("handshake", "ipv4", "small")).toContain("timed out");
        expect(await client("handshake", "ipv6", "large")).toContain("timed out");
    });

    it("with a hole in uploads stalls large hellos and no others", async () => {
        await set({ paths: [{ mtu: 1380, icmpFragNeeded: "drop", mtuAppliesTo: "upload" }] });

        expect(await client("handshake", "ipv4", "small")).toBe("ok");
        expect(await client("handshake", "ipv4", "large")).toContain("timed out");
    });

    it("with a hole in one IP version leaves the other whole", async () => {
        await set({ paths: [{ mtu: 1380, icmpFragNeeded: "drop", family: "ipv6" }] });

        expect(await client("handshake", "ipv4", "large")).toBe("ok");
        expect(await client("handshake", "ipv6", "small")).toContain("timed out");
    });

    it("stalls no server for good that probes for the MTU itself", async () => {
        const hole = { mtu: 1380, icmpFragNeeded: "drop", mtuAppliesTo: "download" } as const;
        await set({ paths: [hole], tcpMtuProbing: true });

        expect(await client("handshake", "ipv4", "small", 20)).toBe("ok");
    });

    it("shares flows with another, so that only those of the black hole stall", async () => {
        await set({ paths: [{ weight: 2 }, { weight: 1, mtu: 1380, icmpFragNeeded: "drop" }] });

        const ends = await client<string[]>("handshakes", "ipv4", "small", 60);

        const passed = ends.filter(end => end === "ok").length;
        expect(passed).toBeGreaterThan(60 * 0.4);
        expect(passed).toBeLessThan(60 * 0.9);
    });

    it("delays each direction, and loses its share in each", async () => {
        await set({ paths: [{ delayMs: 30, lossPercent: 20 }] });

        const { answered, quickestMs } = await client<{ answered: number; quickestMs: number }>("queries", 600);

        expect(quickestMs).toBeGreaterThanOrEqual(60);
        expect(quickestMs).toBeLessThan(90);
        expect(answered).toBeGreaterThan(0.64 - 0.08);
        expect(answered).toBeLessThan(0.64 + 0.08);
    });

    it("carries no more than its rate", async () => {
        await set({ paths: [{ rateMbit: 2 }] });
        const { blobs } = await buildImage(TEST_IMAGES.find(({ reference }) => reference.includes("/pause:"))!);
        const repository = "https://europe-west3-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause";

        const megabits = await client<number>("download", `${repository}/blobs/${blobs[0]!.digest}`);

        expect(megabits).toBeGreaterThan(1);
        expect(megabits).toBeLessThan(2);
    });
});

/** What the client's `get` gives. */
interface Answer {
    status: number;
    url: string;
    headers: Record<string, string>;
    body: string;
    error?: string;
}

const get = (url: string, ...more: unknown[]) => client<Answer>("get", url, ...more);
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("the internet", () => {
    beforeAll(() => set({}));

    it.each(TEST_IMAGES.map(image => [image.reference, image] as const))("serves %s to the byte", async (_, spec) => {
        const [, domain, repository, tag] = /^([^/]+)\/(.+):(.+)$/.exec(spec.reference)!;
        const base = `https://${domain === "docker.io" ? "registry-1.docker.io" : domain}/v2/${repository}`;
        const image = await buildImage(spec);

        const first = await get(`${base}/manifests/${tag}`, null, INDEX);
        const challenge = /realm="(.+?)",service="(.+?)",scope="(.+?)"/.exec(first.headers?.["www-authenticate"] ?? "");
        const token = challenge
            ? JSON.parse((await get(`${challenge[1]}?service=${challenge[2]}&scope=${challenge[3]}`)).body).token
            : null;
        const index = await get(`${base}/manifests/${tag}`, token, INDEX);
        const layer = await get(`${base}/blobs/${image.blobs[0]!.digest}`, token);

        expect(index.body).toBe(image.index.bytes.toString());
        const digest = createHash("sha256").update(Buffer.from(layer.body, "latin1")).digest("hex");
        expect(`sha256:${digest}`).toBe(image.blobs[0]!.digest);
    });

    it("asks for a token where the real registries do", async () => {
        const statuses = await Promise.all(
            ["ghcr.io", "registry-1.docker.io", "quay.io", "registry.k8s.io", "oci.external-secrets.io"].map(
                async host => [host, (await get(`https://${host}/v2/`)).status],
            ),
        );

        expect(Object.fromEntries(statuses)).toEqual({
            "ghcr.io": 401,
            "registry-1.docker.io": 401,
            "quay.io": 401,
            "registry.k8s.io": 200,
            "oci.external-secrets.io": 401,
        });
    });

    it("gives blobs away to those only who were sent for them", async () => {
        const answer = await get(`https://cdn01.quay.io/jetstack/x/sha256:${"0".repeat(64)}?signature=guessed`);

        expect(answer.status).toBe(403);
    });

    it("tells Doppler's clients who they are, and others that it does not know them", async () => {
        expect((await get("https://api.doppler.com/v3/me")).status).toBe(401);
        expect((await get("https://api.doppler.com/v3/me", "dp.st.lab")).status).toBe(200);
    });

    it("fails as the scenario says, host by host", async () => {
        await set({
            endpoints: {
                "ghcr.io": { status: 429 },
                "quay.io": { tls: "expired" },
                "registry-1.docker.io": { tls: "unknown-ca" },
                "registry.k8s.io": { unreachable: "drop" },
                "auth.docker.io": { unreachable: "reset" },
            },
        });

        expect((await get("https://ghcr.io/v2/")).status).toBe(429);
        expect((await get("https://quay.io/v2/")).error).toContain("certificate has expired");
        expect((await get("https://registry-1.docker.io/v2/")).error).toContain("self-signed certificate");
        expect((await get("https://registry.k8s.io/v2/")).error).toContain("timed out");
        expect((await get("https://auth.docker.io/token")).error).toContain("refused");
        expect((await get("https://api.doppler.com/v3/me")).status).toBe(401);
    });

    it("loses the share of DNS queries that the scenario says", async () => {
        await set({ dns: { failPercent: 30 } });

        const { answered } = await client<{ answered: number }>("queries", 400);

        expect(answered).toBeGreaterThan(0.6);
        expect(answered).toBeLessThan(0.8);
    });

    it("has no link to the machine's own network", async () => {
        expect((await linkNames(INSTANCE, "internet")).sort()).toEqual(["lo", "path0"]);
        expect((await linkNames(INSTANCE, "isp")).sort()).toEqual([ISP_BRIDGE, "lan-runner", "lo", "path0"].sort());
    });
});

describe("stopping", () => {
    it("leaves no process and no namespace, and can be repeated", async () => {
        const pids = daemonNames(INSTANCE).map(name => runningPid(INSTANCE, name));
        expect(pids.length).toBeGreaterThan(5);

        for (let time = 0; time < 2; time++) {
            await stopInternet(INSTANCE);
            await stopIsp(INSTANCE);
        }

        expect(daemonNames(INSTANCE)).toEqual([]);
        expect(pids.filter(pid => existsSync(`/proc/${pid}`))).toEqual([]);
        expect(["isp", "internet"].filter(host => existsSync(namespacePath(INSTANCE, host)))).toEqual([]);
    });
});
