import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Lab, LabConnection } from "../network/lab.ts";
import { type LabHost, labPaths, NODE_LINK } from "../network/topology.ts";

/** What the program in `stack/` reads, as `faults:stack`. */
export interface FaultStackConfig {
    hosts: [FaultHost, FaultHost];
    link: string;
    /** Every resource differs from one generation to another. In generation 0 there are none. */
    generation: number;
    confirmSeconds: number;
    /** Body of one more nftables table on the first host. */
    cut?: string;
}

interface FaultHost {
    name: LabHost;
    connection: Omit<LabConnection, "hostKey"> & { knownHostsPath: string; perDialTimeout: number };
}

/** A stack of eight resources, of every kind that changes a host but packages, on two hosts. */
export interface FaultStack {
    name: string;
    /** Directory of Pulumi.yaml. */
    directory: string;
    stateDir: string;
    hosts: readonly [LabHost, LabHost];
    configure(change: Pick<FaultStackConfig, "generation" | "cut">): Promise<void>;
    /** Forgets the stack: its state and its configuration. */
    remove(): Promise<void>;
}

/** The least there is: a fault leaves a host to itself for as long. */
export const CONFIRM_SECONDS = 10;
const PER_DIAL_TIMEOUT = 5;

/** Makes a stack of that name for two hosts of a lab. Nothing is written before `configure`. */
export function faultStack(lab: Lab, suffix: string, hosts: readonly [LabHost, LabHost]): FaultStack {
    const name = `lab-${lab.instance}-${suffix}`;
    const directory = fileURLToPath(new URL("./stack/", import.meta.url));
    const stateDir = join(labPaths(lab.instance).run, `faults-${suffix}`);
    const file = join(directory, `Pulumi.${name}.yaml`);
    return {
        name,
        directory,
        stateDir,
        hosts,
        async configure(change) {
            // A rebuilt host has another key, which a refresh finds here and not in the state.
            const knownHostsPath = join(stateDir, "known_hosts");
            const known: string[] = [];
            const reached = (name: LabHost): FaultHost => {
                const { hostKey, ...connection } = lab.connection(name);
                known.push(`${connection.host} ${hostKey}\n`);
                return { name, connection: { ...connection, knownHostsPath, perDialTimeout: PER_DIAL_TIMEOUT } };
            };
            const stack: FaultStackConfig = {
                hosts: [reached(hosts[0]), reached(hosts[1])],
                link: NODE_LINK,
                confirmSeconds: CONFIRM_SECONDS,
                ...change,
            };
            await mkdir(stateDir, { recursive: true });
            await writeFile(knownHostsPath, known.join(""));
            await writeFile(file, stringify({ config: { "faults:stack": stack } }));
        },
        async remove() {
            await rm(file, { force: true });
            await rm(stateDir, { recursive: true, force: true });
        },
    };
}
