import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, labDown, labStatus, labUp } from "../../lab/network/lab.ts";
import { loadScenario, parseScenario } from "../../lab/network/scenario.ts";
import { bootedHosts } from "../../lab/network/topology.ts";

const instance = "labtest";
const scenarioFile = (name: string) => new URL(`../../lab/scenarios/${name}.json`, import.meta.url).pathname;
const blackHole = loadScenario(scenarioFile("black-hole-1380"));
const healthy = loadScenario(scenarioFile("healthy"));
const nothing = { namespaces: [], processes: [], mounts: [], directories: [] };

describe("a booted lab", () => {
    let lab: Lab;

    beforeAll(async () => {
        lab = await labUp({ instance, scenario: blackHole, workers: 2, onProgress: () => {} });
    });
    afterAll(() => labDown(instance));

    const sh = (host: string, script: string) => lab.exec(host, ["sh", "-c", script]);
    const curl = (host: string, url: string) =>
        sh(host, `curl -4 -sS --connect-timeout 4 -m 8 -o /dev/null -w '%{http_code}' ${url}`);
    const login = (host: string, change = {}) =>
        lab.exec("runner", [process.execPath, new URL("loginOverSsh.ts", import.meta.url).pathname], {
            stdin: JSON.stringify({ ...lab.connection(host), ...change }),
        });

    test("shows every host running", () => {
        const status = labStatus(instance);

        expect(status.up).toBe(true);
        expect(status.hosts.map(({ name }) => name)).toEqual([
            "internet",
            "isp",
            "runner",
            "pve",
            "cp1",
            "worker1",
            "worker2",
        ]);
    });

    test.each(["pve", "cp1", "worker1", "worker2"])("lets root log in on %s by SSH with the pinned key", async host => {
        expect(await login(host)).toMatchObject({ code: 0, stdout: `${host}\n` });
    });

    test("lets nobody log in on cp1 by the host key of another host", async () => {
        const { code, stdout } = await login("cp1", { hostKey: lab.connection("pve").hostKey });

        expect(code).toBe(1);
        expect(stdout).toBe("");
    });

    test.each(["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"])(
        "has no way from the runner to a node but through the gateway's %s",
        async sysctl => {
            const address = sysctl.includes("ipv6") ? "2001:db8:27::11" : "10.27.27.11";
            const ping = () => lab.exec("runner", ["ping", "-c1", "-W2", address]);

            expect((await ping()).code).toBe(0);
            await sh("pve", `sysctl -w ${sysctl}=0`);
            const without = await ping();
            await sh("pve", `sysctl -w ${sysctl}=1`);

            expect(without.code).not.toBe(0);
            expect((await ping()).code).toBe(0);
        },
    );

    test.each([
        ["cp1", "networkctl status eth0"],
        ["worker1", "networkctl status eth0"],
    ])("has systemd-networkd look after the link of %s", async (host, command) => {
        expect((await sh(host, command)).stdout).toMatch(/State: routable \(configured\)/);
    });

    test("has no unit that failed on any host", async () => {
        for (const host of bootedHosts(2)) {
            const { stdout } = await lab.exec(host, ["systemctl", "list-units", "--failed", "--no-legend"]);
            expect(stdout, host).toBe("");
        }
    });

    test("gives a host's own exit code, output and input", async () => {
        const result = await lab.exec("cp1", ["sh", "-c", "cat; echo no >&2; exit 7"], { stdin: "hello" });

        expect(result).toEqual({ code: 7, stdout: "hello", stderr: "no\n" });
    });

    test("black-holes large packets and lets small ones pass, until the gateway clamps MSS", async () => {
        expect((await sh("cp1", "ping -4 -c1 -W2 ghcr.io")).code).toBe(0);
        const stalled = await curl("cp1", "https://ghcr.io/v2/");
        expect(stalled.code).toBe(28);
        expect(stalled.stderr).toContain("SSL connection timeout");

        const clamp = `table inet byhand {
            chain forward {
                type filter hook forward priority mangle
                tcp flags syn / syn,rst tcp option maxseg size set 1340
            }
        }`;
        expect(await lab.exec("pve", ["nft", "-f", "-"], { stdin: clamp })).toMatchObject({ code: 0 });
        const cured = await curl("cp1", "https://ghcr.io/v2/");
        await sh("pve", "nft delete table inet byhand");

        expect(cured.stdout).toBe("401");
    });

    test("keeps the Proxmox host without a container runtime, as Proxmox is", async () => {
        expect((await sh("pve", "command -v containerd ctr k3s")).code).not.toBe(0);
    });

    describe("in another scenario", () => {
        beforeAll(() => lab.setScenario(healthy));

        test.each(["cp1", "worker1", "worker2"])("%s has that scenario's MTU and reaches the internet", async node => {
            const link = await sh(node, "cat /sys/class/net/eth0/mtu");

            expect(link.stdout).toBe("1500\n");
            expect((await curl(node, "https://ghcr.io/v2/")).stdout).toBe("401");
        });

        test.each(["cp1", "worker1", "worker2"])("%s pulls an image through containerd", async node => {
            const image = "ghcr.io/fluxcd/source-controller:v1.6.2";
            const pull = `ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d ${image}`;

            expect(await sh(node, `timeout 60 ${pull}`)).toMatchObject({ code: 0 });
            expect((await sh(node, "ctr -n k8s.io images ls -q")).stdout).toContain(image);
        });

        test("every MTU, rule and block is live and still there after a reboot", async () => {
            const odd = parseScenario({
                gateway: { bridgeMtu: 9000, natPorts: 64, icmpFragNeeded: "drop", blockFromVms: ["quay.io"] },
                nodes: { workers: 2, mtu: 9000, routeMtu: 1380, overrides: { worker2: { mtu: 1450 } } },
            });
            const settings = async () => {
                const seen = bootedHosts(2).map(async host => {
                    const { links, ruleset } = await lab.fingerprint(host);
                    return {
                        host,
                        links,
                        ruleset,
                        routes: (await sh(host, "ip route; ip -6 route show default")).stdout,
                    };
                });
                return Object.fromEntries((await Promise.all(seen)).map(({ host, ...rest }) => [host, rest]));
            };

            await lab.setScenario(odd);
            const live = await settings();
            for (const host of bootedHosts(2)) await lab.reboot(host);
            const rebooted = await settings();
            const refused = await curl("cp1", "https://quay.io/v2/");
            await lab.setScenario(healthy);

            expect(live.cp1!.links).toEqual({ lo: 65536, eth0: 9000 });
            expect(live.worker2!.links).toEqual({ lo: 65536, eth0: 1450 });
            expect(live.pve!.links).toMatchObject({ vmbr0: 1500, vmbr1: 9000, tap111i0: 9000 });
            expect(live.worker1!.routes).toMatch(/default via 10\.27\.27\.1 .*mtu 1380/);
            expect(live.pve!.ruleset).toContain("20000-20063");
            expect(rebooted).toEqual(live);
            expect(refused.code).toBe(28);
        });

        test("a scenario and back leaves every host as it was", async () => {
            const before = await Promise.all(bootedHosts(2).map(host => lab.fingerprint(host)));

            await lab.setScenario(blackHole);
            await lab.setScenario(healthy);

            expect(await Promise.all(bootedHosts(2).map(host => lab.fingerprint(host)))).toEqual(before);
        });

        test.each([
            ["a file's content", "echo x >> /etc/hostname", "sed -i '$d' /etc/hostname"],
            ["a file's mode", "chmod 600 /etc/hosts", "chmod 644 /etc/hosts"],
            ["a new file", "touch /usr/local/bin/x", "rm /usr/local/bin/x"],
            ["a table", "nft add table inet x", "nft delete table inet x"],
            ["a link's MTU", "ip link set eth0 mtu 1400", "ip link set eth0 mtu 1500"],
        ])("a fingerprint tells when %s changed", async (_what, change, undo) => {
            const before = await lab.fingerprint("worker2");

            await sh("worker2", change);
            const changed = await lab.fingerprint("worker2");
            await sh("worker2", undo);

            expect(changed).not.toEqual(before);
            expect(await lab.fingerprint("worker2")).toEqual(before);
        });

        test("a reboot keeps a host's disk and identity, and loses what was only in memory", async () => {
            await sh("worker1", "touch /root/kept; nft add table inet lost; touch /run/lost");
            const before = {
                key: lab.connection("worker1").hostKey,
                id: (await sh("worker1", "cat /etc/machine-id")).stdout,
            };

            await lab.reboot("worker1");

            const { hostKey } = lab.connection("worker1");
            expect({ key: hostKey, id: (await sh("worker1", "cat /etc/machine-id")).stdout }).toEqual(before);
            expect((await sh("worker1", "ls /root/kept /run/lost; nft list tables")).stdout).toBe("/root/kept\n");
            expect(await login("worker1")).toMatchObject({ code: 0 });
        });

        test("a rebuilt host is another one in the same place", async () => {
            await sh("worker1", "touch /root/lost");
            const before = {
                key: lab.connection("worker1").hostKey,
                id: (await sh("worker1", "cat /etc/machine-id")).stdout,
            };

            await lab.rebuild("worker1");

            expect(lab.connection("worker1").hostKey).not.toBe(before.key);
            expect((await sh("worker1", "cat /etc/machine-id")).stdout).not.toBe(before.id);
            expect((await sh("worker1", "ls /root/lost")).code).not.toBe(0);
            expect(await login("worker1")).toMatchObject({ code: 0 });
            expect((await curl("worker1", "https://ghcr.io/v2/")).stdout).toBe("401");
        });

        test("the stand-in for K3s renders certs.d at start and leaves foreign files alone", async () => {
            const certsD = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d";
            const registries = [
                "mirrors:",
                "  docker.io:",
                "    endpoint: [https://cache.lan:5000, http://10.27.27.5:5001/prefix/v2]",
                '    rewrite: { "^library/(.*)": "hub/$1" }',
                "  ghcr.io:",
                "configs:",
                "  cache.lan:5000: { tls: { ca_file: /etc/ssl/cache.pem, insecure_skip_verify: true } }",
            ].join("\n");
            const render = (content: string) =>
                lab.exec(
                    "worker1",
                    [
                        "sh",
                        "-ec",
                        "mkdir -p /etc/rancher/k3s; cat > /etc/rancher/k3s/registries.yaml; systemctl restart k3s-agent",
                    ],
                    { stdin: content },
                );
            await sh("worker1", `mkdir -p ${certsD}/own && echo '# mine' > ${certsD}/own/hosts.toml`);

            expect(await render(registries)).toMatchObject({ code: 0 });

            expect((await sh("worker1", `ls ${certsD}`)).stdout.split("\n")).toEqual([
                "cache.lan:5000",
                "docker.io",
                "own",
                "",
            ]);
            expect((await sh("worker1", `cat ${certsD}/docker.io/hosts.toml`)).stdout.split("\n")).toEqual([
                "# File generated by k3s. DO NOT EDIT.",
                'server = "https://registry-1.docker.io/v2"',
                'capabilities = ["pull", "resolve", "push"]',
                "",
                "[host]",
                "",
                '[host."https://cache.lan:5000/v2"]',
                '  capabilities = ["pull", "resolve"]',
                '  ca = ["/etc/ssl/cache.pem"]',
                "  skip_verify = true",
                '  [host."https://cache.lan:5000/v2".rewrite]',
                '    "^library/(.*)" = "hub/$1"',
                "",
                '[host."http://10.27.27.5:5001/prefix/v2"]',
                '  capabilities = ["pull", "resolve"]',
                "  override_path = true",
                '  [host."http://10.27.27.5:5001/prefix/v2".rewrite]',
                '    "^library/(.*)" = "hub/$1"',
                "",
            ]);
            expect(await render("")).toMatchObject({ code: 0 });
            expect((await sh("worker1", `ls ${certsD}`)).stdout).toBe("own\n");
        });
    });

    test("another process cannot take it down or boot over it", async () => {
        const other = startLab();
        const [code] = (await once(other.process, "exit")) as [number];

        expect(code).not.toBe(0);
        expect(await other.errors).toMatch(/lab labtest is in use by process \d+/);
        expect(labStatus(instance).up).toBe(true);
    });
});

describe("taking a lab down", () => {
    test("leaves nothing, and is no error where nothing is", async () => {
        await labUp({ instance, scenario: healthy, workers: 0, onProgress: () => {} });

        await labDown(instance);
        expect(labStatus(instance)).toMatchObject({ up: false, remains: nothing });
        await labDown(instance);
    });

    test.each(["wiring", "booting"])("stops a lab that is %s, however often it is asked", async moment => {
        const { promise: reached, resolve } = Promise.withResolvers<void>();
        const onProgress = (sentence: string) => sentence.startsWith(moment) && resolve();
        const booting = labUp({ instance, scenario: healthy, workers: 0, onProgress }).catch(error => error);
        await reached;

        await Promise.all([labDown(instance), labDown(instance)]);

        expect(await booting).toMatchObject({ message: `Lab ${instance} was stopped while booting.` });
        expect(labStatus(instance).remains).toEqual(nothing);
    });

    test.each(["booting", "holding"])("a run killed while %s is cleaned by the next", async moment => {
        const crashed = startLab();
        for await (const line of createInterface({ input: crashed.process.stdout! })) {
            if (line.startsWith(moment)) break;
        }
        crashed.process.kill("SIGKILL");
        await once(crashed.process, "exit");
        expect(labStatus(instance).remains).not.toEqual(nothing);

        const lab = await labUp({ instance, scenario: healthy, workers: 0, onProgress: () => {} });
        expect((await lab.exec("cp1", ["hostname"])).stdout).toBe("cp1\n");

        await labDown(instance);
        expect(labStatus(instance).remains).toEqual(nothing);
    });
});

/** Another process that boots the same lab and holds it. */
function startLab() {
    const child = spawn(process.execPath, [new URL("startLab.ts", import.meta.url).pathname], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, CLEARPATH_LAB: instance },
    });
    const errors: Buffer[] = [];
    child.stderr.on("data", chunk => errors.push(chunk));
    return { process: child, errors: once(child, "close").then(() => Buffer.concat(errors).toString()) };
}
