import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { repositoryRoot } from "../../cli/root.ts";
import { CONFIG_NAMESPACE, PLANNED_ENDPOINTS, PLANNED_IMAGES } from "../../components/config/config.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type { Lab } from "../network/lab.ts";
import {
    addressOf,
    CACHE_HOST,
    GATEWAY_BRIDGES,
    labPaths,
    NODE_LINK,
    nodeNames,
    VM_SUBNET,
} from "../network/topology.ts";

/** Values of the program's configuration, by key without the `clearpath:` namespace. */
export type StackValues = Record<string, unknown>;

/** The stack that runs `index.ts` against a lab: its configuration file in the repo, its state outside. */
export interface LabStack {
    name: string;
    /** Where the state and the file backend live. */
    stateDir: string;
    /** Where the evidence of every `up` is kept. */
    evidence: string;
    passphrase: string;
    /** Writes the configuration, with `overrides` in place of the lab's own values. */
    configure(overrides?: StackValues): Promise<void>;
    remove(): Promise<void>;
}

/** Probes wait as long as a lab needs to see a stall, not as long as the internet does. */
const LAB_PROBE = { rounds: 12, timeoutSeconds: 4, budgetSeconds: 30 };

/** A lab's cache holds what its probes pull. */
const LAB_CACHE = { warm: PLANNED_IMAGES, sizeLimitGiB: 1 };

/** What probes of a lab do: the plan's endpoints and images, as the lab's stack has them. */
export function labProbePlan(lab: Lab): ProbePlan {
    const neighbours = nodeNames(lab.workers).flatMap(name => Object.values(addressOf(name)));
    const planned = { endpoints: PLANNED_ENDPOINTS, images: PLANNED_IMAGES, neighbours, ...LAB_PROBE };
    return ProbePlan.parse(laidOver({ probe: planned }, { probe: scenarioValues(lab).probe ?? {} }).probe);
}

/** The scenario's values; their keys may carry the namespace, as in a stack's file. */
function scenarioValues(lab: Lab): StackValues {
    const namespace = new RegExp(`^${CONFIG_NAMESPACE}:`);
    return Object.fromEntries(
        Object.entries(lab.scenario.stack).map(([key, value]) => [key.replace(namespace, ""), value]),
    );
}

function labValues(lab: Lab): StackValues {
    const nodes = nodeNames(lab.workers).map(name => ({
        name,
        role: name === "cp1" ? "server" : "agent",
        connection: lab.connection(name),
        link: NODE_LINK,
    }));
    const { mode = "auto" } = (scenarioValues(lab).gateway ?? {}) as { mode?: string };
    return {
        gateway: {
            name: "pve",
            connection: lab.connection("pve"),
            mode,
            // The other modes go by the node subnets, and the program refuses a link that means nothing.
            ...((mode === "auto" || mode === "routed") && { egressLink: GATEWAY_BRIDGES.lan }),
            vmBridge: GATEWAY_BRIDGES.vms,
        },
        nodeSubnets: [VM_SUBNET.ipv4, VM_SUBNET.ipv6],
        nodes,
        nodeMtu: 1400,
        mss: "auto",
        pathMtu: "auto",
        probe: LAB_PROBE,
        ...(lab.cacheHost && { cache: { name: CACHE_HOST, connection: lab.connection(CACHE_HOST), ...LAB_CACHE } }),
    };
}

/** Makes the stack of a lab. Nothing is written before `configure`. */
export function labStack(lab: Lab): LabStack {
    const name = lab.instance === "lab" ? "lab" : `lab-${lab.instance}`;
    const file = join(repositoryRoot, `Pulumi.${name}.yaml`);
    const stateDir = join(labPaths(lab.instance).run, "state");
    return {
        name,
        stateDir,
        evidence: join(labPaths(lab.instance).run, "evidence"),
        passphrase: "lab",
        async configure(overrides = {}) {
            const values = laidOver(laidOver(labValues(lab), scenarioValues(lab)), overrides);
            const config = Object.fromEntries(
                Object.entries(values).map(([key, value]) => [`${CONFIG_NAMESPACE}:${key}`, value]),
            );
            await mkdir(stateDir, { recursive: true });
            await writeFile(file, stringify({ config }));
        },
        async remove() {
            await rm(file, { force: true });
            await rm(stateDir, { recursive: true, force: true });
        },
    };
}

/** Values with others over them: groups key by key, everything else whole. A null takes a key away. */
export function laidOver(values: StackValues, over: StackValues): StackValues {
    const merged = { ...values };
    for (const [key, value] of Object.entries(over)) {
        const below = merged[key];
        if (value === null) delete merged[key];
        else merged[key] = isGroup(value) && isGroup(below) ? laidOver(below, value) : value;
    }
    return merged;
}

function isGroup(value: unknown): value is StackValues {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
