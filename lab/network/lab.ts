import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lock, lock } from "../../engine/state/fileLock.ts";
import type { CommandResult } from "../../provider/host/session.ts";
import { baseSystem } from "./base.ts";
import { newDisk } from "./hosts/disk.ts";
import { execOnHost, onHost } from "./hosts/exec.ts";
import { fingerprintOf, type HostFingerprint } from "./hosts/fingerprint.ts";
import { clientKeyPath, hostKeyOf, makeClientKey } from "./hosts/identity.ts";
import { learnMtu } from "./hosts/learntMtu.ts";
import { applyPods } from "./hosts/pods.ts";
import { makeDisk, powerOff, powerOn, removeDisk } from "./hosts/power.ts";
import { leaderOf } from "./hosts/processes.ts";
import { waitUntilReady } from "./hosts/ready.ts";
import { applyToGateway, applyToNode } from "./hosts/scenario.ts";
import { sharedLayers } from "./hosts/settings.ts";
import { disableBridgeOffloads, namespacesOf, renewNamespace, wire } from "./hosts/wiring.ts";
import { applyInternet, startInternet } from "./internet/internet.ts";
import { applyIsp, startIsp } from "./isp/isp.ts";
import { installMissingPackages, raiseInotifyLimit, requireLabMachine } from "./machine.ts";
import { type LabRecord, readRecord, writeRecord } from "./record.ts";
import { type Remains, remainsOf, removeRemains } from "./remains.ts";
import type { Scenario } from "./scenario.ts";
import { labTls } from "./tls.ts";
import {
    addressOf,
    allHosts,
    bootedHosts,
    bootsSystem,
    cacheDirectory,
    defaultInstance,
    isInstanceName,
    type LabHost,
    labCaPath,
    namespaceOf,
    nodeNames,
} from "./topology.ts";

export type { HostFingerprint } from "./hosts/fingerprint.ts";

/** How a program reaches a host of the lab by SSH from the runner: the shape of a resource's `connection`. */
export interface LabConnection {
    host: string;
    port: number;
    user: string;
    privateKeyPath: string;
    hostKey: string;
}

/** A running lab. */
export interface Lab {
    readonly instance: string;
    readonly scenario: Scenario;
    readonly workers: number;
    /** Whether there is a host `registry` beside the cluster. */
    readonly cacheHost: boolean;
    readonly hosts: readonly LabHost[];
    /** Runs a command as root on a host; on those that boot no system, in the host's network namespace. */
    exec(host: LabHost, argv: readonly string[], options?: { stdin?: string | Uint8Array }): Promise<CommandResult>;
    /** The same as `exec` for a caller who starts the program himself: what to start on this machine. */
    argv(host: LabHost, argv: readonly [string, ...string[]]): [string, ...string[]];
    connection(host: LabHost): LabConnection;
    /** Turns the whole network into another scenario's while hosts keep running. The number of workers stays. */
    setScenario(scenario: Scenario): Promise<void>;
    fingerprint(host: LabHost): Promise<HostFingerprint>;
    /** Cuts a host's power and boots it again from the same disk. */
    reboot(host: LabHost): Promise<void>;
    /** Puts a new host in the place of this one: empty disk, other machine-id, other host key, same cables. */
    rebuild(host: LabHost): Promise<void>;
}

export interface LabUpOptions {
    /** Name of the lab, so that several can run side by side; from CLEARPATH_LAB, or `lab`, when left out. */
    instance?: string;
    scenario: Scenario;
    /** Number of workers; the scenario's when left out. */
    workers?: number;
    /** Whether there is a host for a cache beside the cluster; when left out, where the scenario's stack wants mirrors. */
    cacheHost?: boolean;
    onProgress(sentence: string): void;
}

/** Locks this process holds, by instance: from `labUp` until `labDown`, or until the process ends. */
const locks = new Map<string, Lock>();

/** Boots and takedowns that go on in this process, by instance. */
const boots = new Map<string, { stop: AbortController; lab: Promise<Lab> }>();
const takedowns = new Map<string, Promise<void>>();

/**
 * Boots a lab, after cleaning up whatever a former one of this name left. Installs the packages it needs and builds the
 * base system where they are missing. The hosts go on running when this process ends. A `labDown` of this process
 * meanwhile stops it.
 *
 * Throws one sentence that says what is missing when no lab can run on this machine.
 */
export async function labUp({ instance = defaultInstance(), ...options }: LabUpOptions): Promise<Lab> {
    requireInstanceName(instance);
    await requireLabMachine();
    await takeLock(instance);
    const stop = new AbortController();
    const lab = boot(instance, options, stop.signal);
    boots.set(instance, { stop, lab });
    try {
        return await lab;
    } finally {
        boots.delete(instance);
    }
}

async function boot(instance: string, options: Omit<LabUpOptions, "instance">, signal: AbortSignal): Promise<Lab> {
    const { scenario, workers = scenario.nodes.workers, cacheHost = asksForCache(scenario), onProgress } = options;
    try {
        await installMissingPackages(onProgress);
        await raiseInotifyLimit();
        await removeRemains(instance);
        const [base] = await Promise.all([baseSystem(onProgress, signal), labTls(onProgress)]);
        signal.throwIfAborted();
        const layers = await sharedLayers(base, await readFile(labCaPath(), "utf8"));

        const record: LabRecord = { scenario, workers, cacheHost, layers };
        await writeRecord(instance, record);
        await makeClientKey(instance);
        onProgress(`wiring ${allHosts(workers, cacheHost).join(", ")}`);
        await wire(instance, workers, cacheHost);
        signal.throwIfAborted();
        const booted = bootedHosts(workers, cacheHost);
        onProgress(`booting ${booted.join(", ")}`);
        await allEnded([
            startIsp(instance, scenario, onProgress).then(() => startInternet(instance, scenario, onProgress)),
            ...booted.map(async host => {
                await makeDisk(instance, host, await newDisk(instance, host, record));
                await powerOn(instance, host);
            }),
        ]);
        await settle(instance, booted, record, signal);
        onProgress(`lab ${instance} is up with scenario ${scenario.name}`);
        return handle(instance, record);
    } catch (error) {
        await removeRemains(instance).catch(left => onProgress(left.message));
        await releaseLock(instance);
        throw signal.aborted ? signal.reason : error;
    }
}

/** Whether a scenario's stack may put a cache beside the cluster. Its keys may carry the namespace of a stack's file. */
function asksForCache({ stack }: Scenario): boolean {
    const mirror = stack.mirror ?? stack["clearpath:mirror"] ?? "never";
    return mirror !== "never";
}

/** Waits for all, also after one has failed: what still boots could not be removed. Throws the first error. */
async function allEnded(parts: Promise<void>[]): Promise<void> {
    const failed = (await Promise.allSettled(parts)).find(result => result.status === "rejected");
    if (failed) throw failed.reason;
}

/**
 * Stops a lab and removes everything of it but the cache. A lab that is not there is not an error; one that is booting
 * stops booting; calls at the same time are one.
 */
export async function labDown(instance = defaultInstance()): Promise<void> {
    requireInstanceName(instance);
    const running = takedowns.get(instance) ?? takeDown(instance).finally(() => takedowns.delete(instance));
    takedowns.set(instance, running);
    await running;
}

async function takeDown(instance: string): Promise<void> {
    const boot = boots.get(instance);
    boot?.stop.abort(new Error(`Lab ${instance} was stopped while booting.`));
    await boot?.lab.catch(() => {}); // Its own caller hears of the error.
    await takeLock(instance);
    try {
        await removeRemains(instance);
    } finally {
        await releaseLock(instance);
    }
}

/** What `labStatus` finds. */
export interface LabStatus {
    instance: string;
    /** Every part that should run does. */
    up: boolean;
    scenario: string | null;
    hosts: { name: LabHost; running: boolean; address: string | null }[];
    /** What is on this machine of the lab, whether or not it works: for seeing that nothing is left. */
    remains: Remains;
}

/** Looks at a lab without touching it. */
export function labStatus(instance = defaultInstance()): LabStatus {
    requireInstanceName(instance);
    const record = readRecord(instance);
    const hosts = allHosts(record?.workers ?? 0, record?.cacheHost).map(name => {
        const running = bootsSystem(name)
            ? leaderOf(instance, name) !== undefined
            : namespacesOf(instance).includes(namespaceOf(instance, name));
        return { name, running, address: name === "internet" ? null : addressOf(name).ipv4 };
    });
    return {
        instance,
        up: record !== undefined && hosts.every(host => host.running),
        scenario: record?.scenario.name ?? null,
        hosts: record ? hosts : [],
        remains: remainsOf(instance),
    };
}

/** The running lab of this name, for another process than the one that started it. */
export function openLab(instance = defaultInstance()): Lab {
    requireInstanceName(instance);
    const record = readRecord(instance);
    if (!record) throw new Error(`There is no lab ${instance}. Start it with clearpath lab up.`);
    return handle(instance, record);
}

function handle(instance: string, record: LabRecord): Lab {
    const { workers, cacheHost } = record;
    const requireHost = (host: LabHost, among: readonly LabHost[]) => {
        if (among.includes(host)) return;
        throw new Error(`Lab ${instance} has no such host as ${host}. Choose one of ${among.join(", ")}.`);
    };
    const powerCycle = async (host: LabHost, whileOff: () => Promise<void>) => {
        requireHost(host, bootedHosts(workers, cacheHost));
        await powerOff(instance, host);
        await renewNamespace(instance, host, workers, cacheHost);
        await whileOff();
        await powerOn(instance, host);
        await settle(instance, [host], record);
    };
    return {
        instance,
        workers,
        cacheHost,
        hosts: allHosts(workers, cacheHost),
        get scenario() {
            return record.scenario;
        },
        exec(host, argv, options) {
            requireHost(host, allHosts(workers, cacheHost));
            return execOnHost(instance, host, argv, options);
        },
        argv(host, argv) {
            requireHost(host, allHosts(workers, cacheHost));
            return onHost(instance, host, argv);
        },
        connection(host) {
            return {
                host: addressOf(host).ipv4,
                port: 22,
                user: "root",
                privateKeyPath: clientKeyPath(instance),
                hostKey: hostKeyOf(instance, host),
            };
        },
        async setScenario(scenario) {
            const hadPods = record.scenario.nodes.pods !== null;
            record.scenario = scenario;
            await writeRecord(instance, record);
            await Promise.all([
                applyIsp(instance, scenario),
                applyInternet(instance, scenario),
                applyToGateway(instance, record),
                ...nodeNames(workers).map(node => applyToNode(instance, node, scenario)),
            ]);
            await settleNodes(instance, nodeNames(workers), record, hadPods);
        },
        fingerprint(host) {
            requireHost(host, bootedHosts(workers, cacheHost));
            return fingerprintOf(instance, host);
        },
        reboot: host => powerCycle(host, async () => {}),
        rebuild: host =>
            powerCycle(host, async () => {
                await removeDisk(instance, host);
                await makeDisk(instance, host, await newDisk(instance, host, record));
            }),
    };
}

/** Waits until booted hosts answer, and does what no file of theirs can say. */
async function settle(
    instance: string,
    hosts: readonly LabHost[],
    record: LabRecord,
    signal?: AbortSignal,
): Promise<void> {
    await waitUntilReady(instance, hosts, signal);
    if (hosts.includes("pve")) {
        await disableBridgeOffloads(instance);
        await applyToGateway(instance, record);
    }
    const nodes = nodeNames(record.workers).filter(node => hosts.includes(node));
    await settleNodes(instance, nodes, record, false);
}

/** Sets what a node keeps only in its kernel: its pod, and the path MTUs that it has learnt. */
async function settleNodes(
    instance: string,
    nodes: readonly LabHost[],
    { scenario, workers }: LabRecord,
    hadPods: boolean,
): Promise<void> {
    const arePods = hadPods || scenario.nodes.pods !== null;
    await Promise.all(
        nodes.map(async node => {
            if (arePods) await applyPods(instance, node, scenario, workers);
            await learnMtu(instance, node, scenario);
        }),
    );
}

function requireInstanceName(instance: string): void {
    if (isInstanceName(instance)) return;
    throw new Error(`"${instance}" is no name for a lab. CLEARPATH_LAB takes up to 20 small letters and digits.`);
}

async function takeLock(instance: string): Promise<void> {
    if (locks.has(instance)) return;
    locks.set(instance, await lock(join(cacheDirectory(), "locks", instance), `lab ${instance}`, 2));
}

async function releaseLock(instance: string): Promise<void> {
    await locks.get(instance)?.release();
    locks.delete(instance);
}
