import { type DeployOptions, type DeployResult, findPulumi } from "../../cli/deploy/deploy.ts";
import { CouldNotRun } from "../../cli/exit.ts";
import { repositoryRoot } from "../../cli/root.ts";
import type { ProbeAllResult, ProbedHost } from "../../provider/probe/probeAll.ts";
import { POD_NAMESPACE } from "../network/hosts/pods.ts";
import type { HostFingerprint, Lab } from "../network/lab.ts";
import { labDown, labUp } from "../network/lab.ts";
import type { Scenario } from "../network/scenario.ts";
import { bootedHosts, NODE_LINK, nodeNames } from "../network/topology.ts";
import { inRunner } from "./inRunner.ts";
import type { RunnerTask } from "./runnerTask.ts";
import { labProbePlan, labStack, type StackValues } from "./stack.ts";

export interface JourneyOptions {
    instance?: string;
    scenario: Scenario;
    workers?: number;
    engine: DeployOptions["engine"];
    onProgress(sentence: string): void;
    /** Whether the deploys' own display is left out. */
    quiet?: boolean;
}

/** A change somebody made by hand, in words, and the host it was made on. */
export interface Tampering {
    host: string;
    what: string;
    /** Takes it back unless somebody else has: a stack that could not come up does not own what was changed. */
    undo(): Promise<void>;
}

/** The main job on a booted lab, step by step: each function is one thing an operator does, run from the lab's runner. */
export interface Journey {
    lab: Lab;
    probe(): Promise<ProbeAllResult>;
    deploy(
        operation: DeployOptions["operation"],
        how?: { refresh?: boolean; skipPreview?: boolean; values?: StackValues },
    ): Promise<DeployResult>;
    /** Deletes the clamp's nft table and sets a node's MTU, as someone at a keyboard would. */
    tamper(): Promise<Tampering[]>;
    /** What differs, host by host, from how the hosts were found. Empty when they are exactly as found. */
    differences(): Promise<string[]>;
    /** Takes the lab down, and with it the stack. */
    end(): Promise<void>;
}

/** From the lab there is no way to where Pulumi's CLI looks for new plugins: it would wait for each until a timeout. */
const OFFLINE = { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" };
const POLICY_PACK = `${repositoryRoot}/policy`;

/** Boots the lab with a scenario and remembers how every host was found. */
export async function startJourney(options: JourneyOptions): Promise<Journey> {
    if (options.engine === "pulumi" && !findPulumi(process.env)) {
        throw new CouldNotRun("There is no pulumi on PATH. Install the Pulumi CLI, or use --engine embedded.");
    }
    const lab = await labUp(options);
    const stack = labStack(lab);
    const end = async () => {
        await labDown(lab.instance);
        await stack.remove();
    };
    await stack.remove();
    const hosts = bootedHosts(lab.workers, lab.cacheHost);
    const found = await fingerprints(lab, hosts).catch(async error => {
        await end();
        throw error;
    });

    return {
        lab,
        probe: () => inRunner(lab.instance, { kind: "probe", hosts: probedHosts(lab), plan: labProbePlan(lab) }),
        async deploy(operation, { refresh = false, skipPreview = false, values = {} } = {}) {
            await stack.configure(values);
            const how: Extract<RunnerTask, { kind: "deploy" }>["options"] = {
                operation,
                refresh,
                skipPreview,
                stack: stack.name,
                cwd: repositoryRoot,
                engine: options.engine,
                policyPacks: [POLICY_PACK],
                stateDir: stack.stateDir,
                evidence: stack.evidence,
                passphrase: stack.passphrase,
            };
            return inRunner(lab.instance, { kind: "deploy", quiet: options.quiet ?? false, options: how }, OFFLINE);
        },
        tamper: () => tamper(lab),
        async differences() {
            const now = await fingerprints(lab, hosts);
            return hosts.flatMap(host => differencesOf(host, found.get(host)!, now.get(host)!));
        },
        end,
    };
}

/** The gateway, the cluster's nodes and their pods, as vantage points to probe from. */
export function probedHosts(lab: Lab): ProbedHost[] {
    const roles = { pve: "gateway", cp1: "server" } as const;
    const hosts = bootedHosts(lab.workers).map(name => ({
        vantagePoint: name,
        role: roles[name as keyof typeof roles] ?? ("agent" as const),
        connection: lab.connection(name),
    }));
    if (lab.scenario.nodes.pods === null) return hosts;
    const pods = nodeNames(lab.workers).map(name => ({
        vantagePoint: `${name}/pod`,
        role: "pod" as const,
        connection: lab.connection(name),
        networkNamespace: POD_NAMESPACE,
    }));
    return [...hosts, ...pods];
}

async function fingerprints(lab: Lab, hosts: string[]): Promise<Map<string, HostFingerprint>> {
    return new Map(await Promise.all(hosts.map(async host => [host, await lab.fingerprint(host)] as const)));
}

function differencesOf(host: string, before: HostFingerprint, after: HostFingerprint): string[] {
    const ruleset = before.ruleset === after.ruleset ? [] : [`${host}: the nftables ruleset`];
    const mtus = changedKeys(before.links, after.links).map(link => `${host}: MTU of ${link}`);
    const paths = [...changedKeys(before.etc, after.etc), ...changedKeys(before.usrLocal, after.usrLocal)];
    return [...ruleset, ...mtus, ...paths.map(path => `${host}: ${path}`)];
}

function changedKeys<T>(before: Record<string, T>, after: Record<string, T>): string[] {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].filter(key => before[key] !== after[key]).sort();
}

async function tamper(lab: Lab): Promise<Tampering[]> {
    return [...(await deleteTable(lab)), await changeMtu(lab)];
}

/** Deletes the first table of ours that there is. */
async function deleteTable(lab: Lab): Promise<Tampering[]> {
    for (const host of bootedHosts(lab.workers)) {
        const tables = (await lab.exec(host, ["nft", "list", "tables"])).stdout.split("\n");
        const ours = tables.map(line => /^table (\S+) (clearpath\S*)$/.exec(line)).find(match => match !== null);
        if (!ours) continue;
        await lab.exec(host, ["nft", "delete", "table", ours[1]!, ours[2]!]);
        return [{ host, what: `nft delete table ${ours[1]} ${ours[2]}`, undo: async () => {} }];
    }
    return [];
}

/** Sets the last node's MTU to one that it does not have. */
async function changeMtu(lab: Lab): Promise<Tampering> {
    const host = nodeNames(lab.workers).at(-1)!;
    const setMtu = (mtu: number) => lab.exec(host, ["ip", "link", "set", "dev", NODE_LINK, "mtu", `${mtu}`]);
    const found = await mtuOf(lab, host);
    const wrong = found === 1450 ? 1440 : 1450;
    await setMtu(wrong);
    return {
        host,
        what: `ip link set dev ${NODE_LINK} mtu ${wrong}`,
        async undo() {
            if ((await mtuOf(lab, host)) === wrong) await setMtu(found);
        },
    };
}

async function mtuOf(lab: Lab, host: string): Promise<number> {
    const { stdout } = await lab.exec(host, ["cat", `/sys/class/net/${NODE_LINK}/mtu`]);
    return Number(stdout);
}
