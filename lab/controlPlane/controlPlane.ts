import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { ClusterApi } from "../../cluster/api/clusterApi.ts";
import { kubeconfigOf } from "../../cluster/api/kubeconfig.ts";
import { withLock } from "../../engine/state/fileLock.ts";
import { command, must } from "../network/command.ts";
import { clusterBinaries, clusterCache } from "./binaries.ts";
import { type ControlPlaneCertificates, controlPlaneCertificates } from "./certificates.ts";
import { customResourceDefinitions } from "./crds.ts";

const START_MS = 120_000;
const ETCD = "/usr/bin/etcd";
/** Needs a controller that makes a service account in every namespace, and there is none. */
const WITHOUT_PLUGINS = "ServiceAccount";

/** Kubernetes without its controllers: what is written to it stays as it was written. */
export interface ControlPlane {
    /** File that clients read. */
    kubeconfig: string;
    api: ClusterApi;
    etcdUrl: string;
    /** Paths and queries of what was asked of the API server, as its audit log has them. */
    requests(): Promise<string[]>;
    stop(): Promise<void>;
}

/** Starts a real API server over a real etcd on loopback, with the CRDs of Flux and External Secrets. */
export async function startControlPlane(onProgress = tell): Promise<ControlPlane> {
    const binaries = await clusterBinaries(onProgress);
    await installEtcd(onProgress);
    const directory = await mkdtemp(join(tmpdir(), "clearpath-cluster-"));
    const [etcdPort, peerPort, port] = await freePorts(3);
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    await writeFiles(directory, await controlPlaneCertificates(), port!);
    const etcd = start(directory, "etcd", ETCD, [
        `--data-dir=${join(directory, "data")}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    ]);
    const apiServer = start(directory, "kube-apiserver", binaries.apiServer, [
        `--etcd-servers=${etcdUrl}`,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        `--secure-port=${port}`,
        `--tls-cert-file=${join(directory, "server.pem")}`,
        `--tls-private-key-file=${join(directory, "server.key")}`,
        `--client-ca-file=${join(directory, "ca.pem")}`,
        `--service-account-issuer=https://127.0.0.1:${port}`,
        `--service-account-signing-key-file=${join(directory, "tokens.key")}`,
        `--service-account-key-file=${join(directory, "tokens.key")}`,
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        `--disable-admission-plugins=${WITHOUT_PLUGINS}`,
        `--audit-policy-file=${join(directory, "audit.yaml")}`,
        `--audit-log-path=${join(directory, "audit.log")}`,
        "--endpoint-reconciler-type=none",
        "--etcd-compaction-interval=0",
    ]);
    const stop = async () => {
        api?.close();
        await Promise.all([end(apiServer), end(etcd)]);
        await rm(directory, { recursive: true, force: true });
    };
    const kubeconfig = join(directory, "kubeconfig");
    let api: ClusterApi | undefined;
    try {
        api = await ClusterApi.open(kubeconfigOf({ file: kubeconfig }));
        await waitFor(
            () => isReady(api!, apiServer),
            () => logOf(directory, apiServer),
        );
        await install(api, await customResourceDefinitions(binaries));
        return { kubeconfig, api, etcdUrl, requests: () => auditedRequests(directory), stop };
    } catch (error) {
        await stop();
        throw error;
    }
}

function tell(sentence: string): void {
    process.stderr.write(`${sentence}\n`);
}

async function installEtcd(onProgress: (sentence: string) => void): Promise<void> {
    if (existsSync(ETCD)) return;
    await withLock(join(clusterCache(), "lock"), "the installation of etcd", async () => {
        if (existsSync(ETCD)) return;
        onProgress("installing etcd-server with apt");
        const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
        // The package starts its service where a systemd runs, and no test wants that one.
        const install = ["apt-get", "install", "--yes", "--no-install-recommends", "etcd-server"];
        if ((await command(install, { env })).code !== 0) {
            await must("read the mirror's package lists", ["apt-get", "update"], { env });
            await must("install etcd-server", install, { env });
        }
        if (existsSync("/usr/bin/systemctl")) await command(["systemctl", "disable", "--now", "--quiet", "etcd"]);
    });
}

/** Ports that nobody listens on now. All are held until the last one is found, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = await Promise.all(
        Array.from({ length: count }, async () => {
            const server = createServer().listen(0, "127.0.0.1");
            await once(server, "listening");
            return server;
        }),
    );
    const ports = servers.map(server => (server.address() as { port: number }).port);
    await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
    return ports;
}

async function writeFiles(
    directory: string,
    { ca, server, admin, serviceAccountKey }: ControlPlaneCertificates,
    port: number,
): Promise<void> {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const kubeconfig = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [
            {
                name: "test",
                cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": base64(ca) },
            },
        ],
        users: [
            {
                name: "admin",
                user: {
                    "client-certificate-data": base64(admin.certificate),
                    "client-key-data": base64(admin.key),
                },
            },
        ],
        contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    };
    const audit = { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] };
    const files = {
        "ca.pem": ca,
        "server.pem": server.certificate,
        "server.key": server.key,
        "tokens.key": serviceAccountKey,
        "audit.yaml": JSON.stringify({ ...audit, omitStages: ["RequestReceived"] }),
        kubeconfig: stringify(kubeconfig),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text, { mode: 0o600 });
}

/** The program ends with this one, however that ends. */
function start(directory: string, name: string, program: string, args: string[]): ChildProcess {
    const log = createWriteStream(join(directory, `${name}.log`));
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    return child;
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
}

async function isReady(api: ClusterApi, apiServer: ChildProcess): Promise<boolean> {
    if (apiServer.exitCode !== null) throw new Error(`The API server ended with code ${apiServer.exitCode}.`);
    return await api.text("/readyz").then(
        text => text === "ok",
        () => false,
    );
}

async function waitFor(condition: () => Promise<boolean>, state: () => Promise<string>): Promise<void> {
    const giveUpAt = Date.now() + START_MS;
    while (!(await condition())) {
        if (Date.now() > giveUpAt)
            throw new Error(`The control plane did not start. Its last output: ${await state()}`);
        await delay(100);
    }
}

async function logOf(directory: string, child: ChildProcess): Promise<string> {
    const text = await readFile(join(directory, "kube-apiserver.log"), "utf8");
    return `${child.exitCode === null ? "" : `(code ${child.exitCode}) `}${text.trim().split("\n").slice(-5).join(" ")}`;
}

interface Definition {
    metadata: { name: string };
    status?: { conditions?: { type: string; status: string }[] };
}

async function install(api: ClusterApi, definitions: unknown[]): Promise<void> {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await Promise.all(definitions.map(definition => api.create(path, definition)));
    for (const { metadata } of definitions as Definition[])
        await waitFor(
            async () => {
                const { status } = await api.get<Definition>(`${path}/${metadata.name}`);
                return status?.conditions?.some(one => one.type === "Established" && one.status === "True") ?? false;
            },
            async () => `${metadata.name} is not established`,
        );
}

async function auditedRequests(directory: string): Promise<string[]> {
    const lines = (await readFile(join(directory, "audit.log"), "utf8")).trim().split("\n");
    return lines.map(line => (JSON.parse(line) as { requestURI: string }).requestURI);
}
