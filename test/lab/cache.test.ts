import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeployResult } from "../../cli/deploy/deploy.ts";
import { ProgramStack } from "../../lab/journey/programStack.ts";
import { must } from "../../lab/network/command.ts";
import { TEST_IMAGES } from "../../lab/network/images.ts";
import { type HostFingerprint, type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { CACHE_HOST, cacheDirectory, VM_SUBNET } from "../../lab/network/topology.ts";

const instance = "cachetest";
const IMAGES = TEST_IMAGES.map(({ reference }) => reference);
const UNITS = "clearpath-registry-*";
const PACKAGE = "docker-registry";
const EXPIRY_FILE = "/var/cache/clearpath-registry-registry.k8s.io/scheduler-state.json";
/** The clamp of a path of 1380 bytes. */
const MSS = { ipv4: 1340, ipv6: 1320 };

/** Nothing is clamped on the nodes here, so what they are to reach by themselves must be reachable. */
const blackHole = parseScenario({ internet: { paths: [{ mtu: 1380, icmpFragNeeded: "drop" }] } });
const healthy = parseScenario({});

describe("a cache beside the cluster", () => {
    let lab: Lab;
    let stack: ProgramStack;
    let found: HostFingerprint;
    let first: DeployResult;

    const sh = async (host: string, script: string, stdin?: Buffer) => {
        const { code, stdout, stderr } = await lab.exec(host, ["sh", "-c", script], { stdin });
        if (code !== 0) throw new Error(`${host}: ${script}: ${stderr}`);
        return stdout.trim();
    };
    const nodesOf = (names: readonly string[]) =>
        names.map(name => ({
            name,
            role: name === "cp1" ? "server" : "agent",
            connection: lab.connection(name),
            link: "eth0",
        }));
    const run = (operation: "up" | "destroy", nodes: readonly string[], refresh = false) =>
        stack.run(
            operation,
            {
                nodes: nodesOf(nodes),
                cache: {
                    placement: "host",
                    host: { name: CACHE_HOST, connection: lab.connection(CACHE_HOST) },
                    warm: IMAGES,
                    sizeLimitGiB: 1,
                },
                clamp: { mss: MSS, mode: "nodes", subnets: [VM_SUBNET.ipv4, VM_SUBNET.ipv6] },
            },
            { refresh, policyPacks: [] },
        );
    /** Pulls every image onto a node that has none of them. Gives the references that failed, and the seconds. */
    const pullAll = async (node: string) => {
        const failed: string[] = [];
        // An image that is gone leaves its blobs, and they would not be asked for again.
        await sh(
            node,
            "for kind in images content; do ctr -n k8s.io $kind ls -q | xargs -r ctr -n k8s.io $kind rm; done",
        );
        const started = performance.now();
        const pullOne = async (image: string) => {
            const pull = ["images", "pull", "--hosts-dir", "/etc/containerd/certs.d", image];
            const { code, stderr } = await lab.exec(node, ["ctr", "-n", "k8s.io", ...pull]);
            if (code !== 0) failed.push(`${image}: ${stderr.trim().split("\n").at(-1)}`);
        };
        await Promise.all(IMAGES.map(pullOne));
        return { failed, seconds: (performance.now() - started) / 1000 };
    };
    const served = async () => {
        const counts = await sh(
            CACHE_HOST,
            "for port in 6000 6001 6002 6003 6004 6005 6006 6007; do curl -s http://127.0.0.1:$port/metrics | sed -n 's/^registry_http_requests_total{code=\"200\",.*} //p'; done",
        );
        return counts.split("\n").reduce((sum, count) => sum + Number(count), 0);
    };
    const upstream = (state: "up" | "down") => lab.exec("isp", ["ip", "link", "set", "path0", state]);
    const registries = (verb: "start" | "stop") =>
        sh(
            CACHE_HOST,
            `systemctl ${verb} $(systemctl list-unit-files --plain --no-legend '${UNITS}-proxy.service' '${UNITS}-twin.service' | cut -d' ' -f1)`,
        );
    /** Waits until every twin answers; where the upstream does, every proxy as well. */
    const answering = (ports: string) =>
        sh(
            CACHE_HOST,
            `for port in ${ports}; do for try in $(seq 300); do curl -sk -m 5 -o /dev/null https://127.0.0.1:$port/v2/ && break; sleep 0.1; done; done`,
        );
    const ALL_PORTS = "5000 5001 5002 5003 5004 5005 5006 5007";
    const TWINS = "5001 5003 5005 5007";

    beforeAll(async () => {
        lab = await labUp({ instance, scenario: blackHole, workers: 2, cacheHost: true, onProgress: () => {} });
        stack = new ProgramStack(lab, { name: "ClusterMirrors", file: "components/clusterMirrors.ts" });
        await takePackageAway(sh);
        found = await lab.fingerprint(CACHE_HOST);
    });
    afterAll(async () => {
        stack?.remove();
        await labDown(instance);
    });

    test("comes to a bare Debian host behind a black hole, and holds its list", async () => {
        first = await run("up", ["cp1", "worker1"]);
        expect(first.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        const held = first.diagnostics.filter(({ message }) => message.endsWith("is held"));
        expect(held).toHaveLength(IMAGES.length);
        expect(await sh(CACHE_HOST, "systemctl is-enabled docker-registry.service || :")).toBe("disabled");
    });

    test("runs every registry as nobody, with a file system and memory of its own", async () => {
        const shown = await sh(
            CACHE_HOST,
            "systemctl show -p DynamicUser -p ProtectSystem -p Restart -p MemoryMax clearpath-registry-ghcr.io-proxy.service",
        );
        expect(shown.split("\n").sort()).toEqual([
            "DynamicUser=yes",
            "MemoryMax=536870912",
            "ProtectSystem=strict",
            "Restart=always",
        ]);
        expect(await sh(CACHE_HOST, "stat -c '%a %U' /etc/clearpath/registry/tls.key")).toBe("600 root");
    });

    test("gives the nodes every image", async () => {
        const before = await served();
        expect((await Promise.all(["cp1", "worker1"].map(pullAll))).flatMap(({ failed }) => failed)).toEqual([]);
        expect(await served()).toBeGreaterThan(before);
    });

    test("is left alone by a second up, and by one that looks at every host", async () => {
        expect((await run("up", ["cp1", "worker1"])).changes).toBe(0);
        expect((await run("up", ["cp1", "worker1"], true)).changes).toBe(0);
    });

    test("gives a new node every image while the way out is cut", async () => {
        expect((await run("up", ["cp1", "worker1", "worker2"])).ok).toBe(true);
        await upstream("down");
        expect((await pullAll("worker2")).failed).toEqual([]);
    });

    test("does so too when its host was rebooted meanwhile, and never forgets by its age", async () => {
        await sh(CACHE_HOST, `printf '{}' > ${EXPIRY_FILE}`);
        await lab.reboot(CACHE_HOST);
        await answering(TWINS);
        expect((await pullAll("worker1")).failed).toEqual([]);
        // The proxy starts once its upstream answers, and without the dates at which it would forget.
        await upstream("up");
        await lab.setScenario(healthy);
        await answering(ALL_PORTS);
        expect(await sh(CACHE_HOST, `cat ${EXPIRY_FILE} 2>/dev/null || :`)).toBe("");
    });

    test("is not missed when it is stopped: pulls fall back to the upstream", async () => {
        await registries("stop");
        const { failed, seconds } = await pullAll("cp1");
        console.log(`${IMAGES.length} pulls with the cache stopped: ${seconds.toFixed(1)} s`);
        expect(failed).toEqual([]);
        await registries("start");
        await answering(ALL_PORTS);
    });

    test("is not missed when its packets are dropped, and the node's own table cuts the wait short", async () => {
        await sh(
            CACHE_HOST,
            "nft 'table inet drops { chain input { type filter hook input priority -300; tcp dport 5000-5007 drop; }; }'",
        );
        const { failed, seconds } = await pullAll("cp1");
        console.log(`${IMAGES.length} pulls with the cache's packets dropped: ${seconds.toFixed(1)} s`);
        await sh(CACHE_HOST, "nft delete table inet drops");
        expect(failed).toEqual([]);
        expect(await sh("cp1", "nft list table inet clearpath_cache")).toMatch(/counter packets [1-9]/);
    });

    test("keeps within its size", async () => {
        const script = "/usr/local/lib/clearpath/registry-evict.sh";
        const storage = "/var/cache/clearpath-registry-ghcr.io";
        await sh(CACHE_HOST, `find ${storage}/ -name data -exec touch -d '2 hours ago' {} +`);
        await sh(CACHE_HOST, "systemctl start clearpath-registry-evict.service");
        expect(Number((await sh(CACHE_HOST, `du -sk ${storage}/`)).split("\t")[0])).toBeGreaterThan(1500);
        await sh(CACHE_HOST, `sh ${script} 1500 ${storage}/`);
        expect(Number((await sh(CACHE_HOST, `du -sk ${storage}/`)).split("\t")[0])).toBeLessThanOrEqual(1500);
        // What went is asked for again.
        await sh(CACHE_HOST, "systemctl start clearpath-registry-warm.service");
        expect((await pullAll("worker1")).failed).toEqual([]);
    });

    test("leaves its host as it was found", async () => {
        const destroy = await run("destroy", ["cp1", "worker1", "worker2"]);
        expect(destroy.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(await lab.fingerprint(CACHE_HOST)).toEqual(found);
        expect(await sh(CACHE_HOST, "ls -d /var/cache/clearpath-* /var/cache/private/* 2>/dev/null || :")).toBe("");
        expect(
            await sh(CACHE_HOST, `dpkg-query -W -f '\${db:Status-Abbrev}' ${PACKAGE} 2>/dev/null || :`),
        ).not.toContain("ii");
    });
});

/** Makes the host one that never had the package, with a mirror of Debian that has it and nothing else. */
async function takePackageAway(sh: (host: string, script: string, stdin?: Buffer) => Promise<string>): Promise<void> {
    const debs = join(cacheDirectory(), "debs");
    const name = (await readdir(debs)).find(file => file.startsWith(`${PACKAGE}_`))!;
    const deb = await readFile(join(debs, name));
    const fields = await must("read the package", ["dpkg-deb", "--field", join(debs, name)]);
    const sha256 = createHash("sha256").update(deb).digest("hex");
    const index = `${fields.trim()}\nFilename: ./package.deb\nSize: ${deb.length}\nSHA256: ${sha256}\n`;
    await sh(CACHE_HOST, `dpkg --purge ${PACKAGE} && mkdir /srv/debian && cat > /srv/debian/package.deb`, deb);
    await sh(CACHE_HOST, "cat > /srv/debian/Packages", Buffer.from(index));
    await sh(
        CACHE_HOST,
        "rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] file:/srv/debian ./' > /etc/apt/sources.list",
    );
}
