import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { K3sRegistriesArgs } from "../../components/k3sRegistries.ts";
import { ProgramStack } from "../../lab/journey/programStack.ts";
import { command } from "../../lab/network/command.ts";
import { type HostFingerprint, type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { ProviderInRunner } from "./providerInRunner.ts";

const instance = "registriestest";
const NODES = ["cp1", "worker1", "worker2"] as const;
type Node = (typeof NODES)[number];

const CERTS_D = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d";
const FILE = "/etc/rancher/k3s/registries.yaml";
/** A node's timer runs out, and K3s is restarted once more. */
const PATIENTLY = { timeout: 120_000, interval: 500 };
const unitOf = (node: Node) => (node === "cp1" ? "k3s.service" : "k3s-agent.service");

/** Images of a registry that does not exist: only a mirror has them. */
const MIRRORED = "images.example.org";
const mirrored = { [MIRRORED]: { endpoint: ["https://registry.k8s.io"] } };
const PASSWORDS = ["correct-horse-1", "correct-horse-2", "correct-horse-3"];
const login = (password = "") => ({ "quay.io": { auth: { username: "puller", password } } });

/** What another hand had written on worker1, and K3s had read. */
const FOUND = "mirrors:\n  quay.io: # ours\n    endpoint:\n    - https://quay.example\n";

describe("K3sRegistries on a cluster's nodes", () => {
    let lab: Lab;
    let stack: ProgramStack;
    let found: Record<Node, HostFingerprint>;
    let foundTree: string;
    let caCertificate: string;

    const sh = async (node: Node, script: string) => {
        const { code, stdout, stderr } = await lab.exec(node, ["sh", "-c", script]);
        if (code !== 0) throw new Error(`${node}: ${script}: ${stderr}`);
        return stdout.trim();
    };
    const onEach = async <T>(look: (node: Node) => Promise<T>) => {
        const seen = await Promise.all(NODES.map(async node => [node, await look(node)] as const));
        return Object.fromEntries(seen) as Record<Node, T>;
    };
    /** Every file below certs.d with its mode, and what it says. */
    const tree = (node: Node) =>
        sh(
            node,
            `cd ${CERTS_D} && find . -mindepth 1 | sort | xargs -r stat -c '%n %a' && cat */hosts.toml 2>/dev/null || :`,
        );
    const processes = (node: Node) =>
        sh(node, `systemctl show -p MainPID -p ExecMainStartTimestampMonotonic containerd ${unitOf(node)}`);
    const pull = (node: Node, image: string) =>
        lab.exec(node, ["ctr", "-n", "k8s.io", "images", "pull", "--hosts-dir", "/etc/containerd/certs.d", image]);
    const knownHosts = () => join(stack.directory, "known_hosts");
    const learnHostKeys = () => {
        const lines = NODES.map(name => lab.connection(name)).map(({ host, hostKey }) => `${host} ${hostKey}\n`);
        writeFileSync(knownHosts(), lines.join(""));
    };
    /** As it is on a node whose K3s is still to be installed. */
    const uninstallK3s = async (node: Node) => {
        await sh(node, "systemctl disable --quiet --now k3s-agent; mkdir /root/k3s; mv /usr/local/bin/k3s /root/k3s");
        await sh(node, "mv /etc/systemd/system/k3s-agent.service /root/k3s; systemctl daemon-reload");
        await sh(node, `rm -rf ${CERTS_D}`);
    };
    const installK3s = async (node: Node) => {
        await sh(node, "mv /root/k3s/k3s /usr/local/bin; mv /root/k3s/k3s-agent.service /etc/systemd/system");
        await sh(node, "rmdir /root/k3s; systemctl daemon-reload; systemctl enable --quiet --now k3s-agent");
    };
    const up = (change: Partial<K3sRegistriesArgs> = {}, refresh = false) => {
        const nodes = NODES.map(name => ({
            name,
            role: name === "cp1" ? "server" : "agent",
            connection: { ...lab.connection(name), hostKey: undefined, knownHostsPath: knownHosts() },
        }));
        return stack.run("up", { nodes, adopt: true, readySeconds: 60, ...change }, { refresh, policyPacks: [] });
    };

    beforeAll(async () => {
        lab = await labUp({ instance, scenario: parseScenario({}), workers: 2, onProgress: () => {} });
        stack = new ProgramStack(lab, { name: "K3sRegistries", file: "components/k3sRegistries.ts" });
        learnHostKeys();
        await sh("worker1", `mkdir -p /etc/rancher/k3s; printf '${FOUND}' > ${FILE}; chmod 640 ${FILE}`);
        await sh("worker1", "systemctl restart k3s-agent");
        caCertificate = await sh("cp1", "cat /usr/local/share/ca-certificates/clearpath-lab.crt");
        found = await onEach(node => lab.fingerprint(node));
        foundTree = await tree("worker1");
        await uninstallK3s("worker2");
    });
    afterAll(async () => {
        stack?.remove();
        await labDown(instance);
    });

    test("leave a registries.yaml of somebody else alone, and the nodes after it", async () => {
        const result = await up({ adopt: false, registries: { mirrors: mirrored } });

        expect(result.ok).toBe(false);
        expect(result.diagnostics.map(({ message }) => message).join()).toContain(
            `${FILE} is there and is not Clearpath's`,
        );
        expect(await sh("worker1", `cat ${FILE}`)).toBe(FOUND.trim());
        expect(await sh("worker2", "ls /etc/rancher 2>&1 || :")).toContain("No such file");
    });

    test("take it over where they are told to, and say what becomes of it", async () => {
        const before = await processes("worker1");

        const result = await up({ registries: { mirrors: mirrored } });

        expect(result.ok).toBe(true);
        const said = result.diagnostics.map(({ message }) => message).join();
        expect(said).toContain('mirrors["quay.io"] is removed: {"endpoint":["https://quay.example"]}');
        expect(await sh("worker1", `stat -c %a ${FILE}`)).toBe("600");
        expect(await tree("worker1")).toBe(await tree("cp1"));
        expect(await processes("worker1")).toBe(before);
    });

    test("are there before the first start of K3s", async () => {
        await installK3s("worker2");

        expect(await tree("worker2")).toBe(await tree("cp1"));
        expect((await pull("worker2", `${MIRRORED}/pause:3.10`)).code).toBe(0);
    });

    describe("when only mirrors and certificate authorities change", () => {
        const changed = {
            registries: {
                mirrors: { ...mirrored, "registry.example.org": { endpoint: ["https://ghcr.io"] } },
                configs: { "ghcr.io": { tls: { ca: "lab" } } },
            },
        };

        test("reach every node with no unit restarted", async () => {
            const before = await onEach(processes);

            const result = await up({ ...changed, certificateAuthorities: { lab: caCertificate } });

            expect(result).toMatchObject({ ok: true, changes: 3 });
            expect(await onEach(processes)).toEqual(before);
            const pulls = await onEach(node => pull(node, "registry.example.org/fluxcd/source-controller:v1.6.2"));
            // The end of a successful pull can cut off what ctr prints about its progress.
            const failed = NODES.map(node => pulls[node]).filter(({ code }) => code !== 0);
            expect(failed).toEqual([]);
        });

        test("are what the next start of K3s renders, to the byte", async () => {
            const before = await onEach(tree);

            await onEach(node => sh(node, `systemctl restart ${unitOf(node)}`));

            expect(before.cp1).toContain('ca = ["/etc/rancher/k3s/registries-ca/lab.crt"]');
            expect(await onEach(tree)).toEqual(before);
        });

        test("come back after someone has changed them, with no unit restarted", async () => {
            const args = { ...changed, certificateAuthorities: { lab: caCertificate } };
            const before = await onEach(tree);
            const running = await onEach(processes);
            await sh("cp1", `rm -r ${CERTS_D}/${MIRRORED}`);
            await sh("worker1", `printf 'mirrors: {}\\n' > ${FILE}`);
            await sh("worker2", "rm /etc/rancher/k3s/registries-ca/lab.crt");

            expect(await up(args, true)).toMatchObject({ ok: true, changes: 3 });

            expect(await onEach(tree)).toEqual(before);
            expect(await onEach(processes)).toEqual(running);
            expect(await sh("worker2", "cat /etc/rancher/k3s/registries-ca/lab.crt")).toBe(caCertificate);
            expect(await up(args, true)).toMatchObject({ ok: true, changes: 0 });
        });
    });

    describe("when a password changes", () => {
        const restarted = async (node: Node) => {
            const properties = ["InactiveEnterTimestampMonotonic", "ActiveEnterTimestampMonotonic"];
            const shown = await sh(
                node,
                `systemctl show ${properties.map(one => `-p ${one}`).join(" ")} ${unitOf(node)}`,
            );
            const [stopped, back] = properties.map(one => Number(new RegExp(`${one}=(\\d+)`).exec(shown)![1]));
            return { stopped: stopped!, back: back! };
        };

        test("restart one node at a time, and no containerd", async () => {
            const pods = await onEach(node => sh(node, "systemctl show -p MainPID containerd"));

            const result = await up({ registries: { mirrors: mirrored, configs: login(PASSWORDS[0]) } });

            expect(result).toMatchObject({ ok: true, changes: 3 });
            const { cp1, worker1, worker2 } = await onEach(restarted);
            expect(worker1.stopped).toBeGreaterThan(cp1.back);
            expect(worker2.stopped).toBeGreaterThan(worker1.back);
            expect(await onEach(node => sh(node, "systemctl show -p MainPID containerd"))).toEqual(pods);
            for (const node of NODES) expect(await sh(node, `cat ${FILE}`)).toContain(PASSWORDS[0]);
        });

        test("restore a node that does not come back with it, stop there, and say so", async () => {
            const dropIn = "/etc/systemd/system/k3s-agent.service.d/refuse.conf";
            const refuse = `[Service]\\nExecStartPre=/bin/sh -c "! grep ${PASSWORDS[1]} ${FILE}"\\n`;
            await sh("worker1", `mkdir ${dirname(dropIn)}; printf '${refuse}' > ${dropIn}`);
            await sh("worker1", "systemctl daemon-reload");
            onTestFinished(async () => void (await sh("worker1", `rm -r ${dirname(dropIn)}; systemctl daemon-reload`)));
            const before = await onEach(node => sh(node, `cat ${FILE}`));
            const untouched = await processes("worker2");

            const result = await up({
                registries: { mirrors: mirrored, configs: login(PASSWORDS[1]) },
                readySeconds: 8,
            });

            expect(result.ok).toBe(false);
            const said = result.diagnostics.map(({ message }) => message).join("\n");
            expect(said).toMatch(
                /k3s-agent\.service did not come back after its restart.*restored and k3s-agent\.service was restarted with them: it is back as it was/s,
            );
            expect(said).toContain('password: "…"');
            expect(said).not.toContain(PASSWORDS[1]);
            expect(await sh("cp1", `cat ${FILE}`)).toContain(PASSWORDS[1]);
            expect(await sh("worker1", `cat ${FILE}`)).toBe(before.worker1);
            expect(await sh("worker1", "systemctl is-active k3s-agent")).toBe("active");
            expect(await sh("worker2", `cat ${FILE}`)).toBe(before.worker2);
            expect(await processes("worker2")).toBe(untouched);
        });

        test("go on where they stopped", async () => {
            const cp1 = await processes("cp1");

            const result = await up({ registries: { mirrors: mirrored, configs: login(PASSWORDS[1]) } });

            expect(result).toMatchObject({ ok: true, changes: 2 });
            expect(await processes("cp1")).toBe(cp1);
            for (const node of NODES) expect(await sh(node, `cat ${FILE}`)).toContain(PASSWORDS[1]);
        });

        test("are taken back by the node itself, after a reboot too, when nobody lives to confirm them", async () => {
            const another = new ProviderInRunner(lab);
            const args = { registries: { mirrors: mirrored, configs: login(PASSWORDS[2]) }, adopt: true };
            const readySeconds = 5;
            const before = await sh("cp1", `cat ${FILE}`);
            const owner = "/var/lib/clearpath/k3s/registries/owner";
            const ownedBefore = await sh("cp1", `cat ${owner}`);
            const creating = another
                .resource("clearpath:k3s:Registries", lab.connection("cp1"))
                .create({ ...args, readySeconds })
                .catch(String);
            const pending = () => sh("cp1", "ls /var/lib/clearpath/pending 2>/dev/null || :");
            await expect.poll(pending, PATIENTLY).toContain("restarted");
            await another.call("kill");
            await creating;

            await lab.reboot("cp1");

            expect(await sh("cp1", `cat ${FILE}`)).toContain(PASSWORDS[2]);
            await expect.poll(pending, PATIENTLY).toBe("");
            expect(await sh("cp1", `cat ${FILE}`)).toBe(before);
            expect(await sh("cp1", `cat ${owner}`)).toBe(ownedBefore);
            expect(await sh("cp1", "systemctl is-active k3s")).toBe("active");
            const again = await up({ registries: { mirrors: mirrored, configs: login(PASSWORDS[1]) } });
            expect(again).toMatchObject({ ok: true, changes: 0 });
            await another.close();
        });

        test("stand in no state in the clear", async () => {
            // The CLI's history quotes the stack's configuration, where this test gives its passwords in the clear.
            const search = ["grep", "-rlE", PASSWORDS.join("|"), "--exclude-dir=history"];
            const { code, stdout } = await command([...search, `${stack.directory}/state`]);

            expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        });
    });

    test("come to a rebuilt node by up --refresh, before its K3s is there", async () => {
        await lab.rebuild("worker2");
        learnHostKeys();
        found.worker2 = await lab.fingerprint("worker2");
        await uninstallK3s("worker2");
        const others = [await processes("cp1"), await processes("worker1")];
        const configs = { ...login(PASSWORDS[1]), "ghcr.io": { tls: { ca: "lab" } } };
        const args = { registries: { mirrors: mirrored, configs }, certificateAuthorities: { lab: caCertificate } };

        const result = await up(args, true);

        expect(result.ok).toBe(true);
        expect(await sh("worker2", `cat ${FILE}`)).toContain(PASSWORDS[1]);
        expect(await sh("worker2", "cat /etc/rancher/k3s/registries-ca/lab.crt")).toBe(caCertificate);
        await installK3s("worker2");
        expect(await tree("worker2")).toBe(await tree("cp1"));
        expect((await pull("worker2", `${MIRRORED}/pause:3.10`)).code).toBe(0);
        expect([await processes("cp1"), await processes("worker1")]).toEqual(others);
    });

    test("leave every node as it was found", async () => {
        const result = await stack.run("destroy", {});

        expect(result.ok).toBe(true);
        expect(await onEach(node => lab.fingerprint(node))).toEqual(found);
        expect(await sh("worker1", `stat -c %a ${FILE}; cat ${FILE}`)).toBe(`640\n${FOUND.trim()}`);
        expect(await tree("worker1")).toBe(foundTree);
        for (const node of ["cp1", "worker2"] as const) expect(await tree(node)).toBe("");
        for (const node of NODES) expect(await sh(node, "ls /var/lib/clearpath 2>&1 || :")).toContain("No such file");
    });
});
