import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { StackSettings } from "../../components/config/config.ts";
import { readStackConfig, type StackConfig } from "../../components/config/stackConfig.ts";
import { passphraseFrom } from "../../engine/stack/openStack.ts";
import { readProject } from "../../engine/stack/project.ts";
import { decryptConfig, hasSecureValues, readStackSettings } from "../../engine/stack/stackConfig.ts";
import { openCrypter } from "../../engine/state/secrets.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import { VantageReport } from "../../network/probe/report.ts";
import { Connection } from "../../provider/host/connection.ts";
import { NETWORK_NAMESPACE } from "../../provider/probe/inNetworkNamespace.ts";
import type { ProbedHost } from "../../provider/probe/probeAll.ts";
import { CouldNotRun } from "../exit.ts";

/** From where to probe, and what. */
export interface ProbeTargets {
    hosts: ProbedHost[];
    plan: ProbePlan;
}

const HostList = z.strictObject({
    hosts: z
        .array(
            z.strictObject({
                name: z.string().min(1),
                role: VantageReport.shape.role.default("host"),
                connection: Connection,
                networkNamespace: z.string().regex(NETWORK_NAMESPACE).optional(),
            }),
        )
        .min(1),
    probe: StackSettings.shape.probe,
});

/** Reads a host list: YAML or JSON with `hosts` (name, role, connection) and, if need be, `probe`. */
export async function targetsOfFile(file: string): Promise<ProbeTargets> {
    const text = await readFile(file, "utf8").catch((error: Error) => {
        throw new CouldNotRun(`${file} cannot be read: ${error.message}. Give a file with a list of hosts.`);
    });
    const list = HostList.safeParse(parsed(file, text));
    if (!list.success) {
        const lines = list.error.issues.map(({ path, message }) => `${file}: ${path.join(".") || "top"}: ${message}.`);
        throw new CouldNotRun(`${lines.join("\n")}\nNothing was probed. Correct the file.`);
    }
    const hosts = list.data.hosts.map(({ name, ...host }) => ({ vantagePoint: name, ...host }));
    return { hosts, plan: list.data.probe };
}

function parsed(file: string, text: string): unknown {
    try {
        return parse(text);
    } catch (error) {
        throw new CouldNotRun(`${file} is neither YAML nor JSON: ${(error as Error).message} Correct the file.`);
    }
}

/** Takes gateway, nodes and plan from a stack's configuration, in the directory of a Pulumi program. */
export async function targetsOfStack(stack: string, directory: string): Promise<ProbeTargets> {
    const config = await stackConfigOf(stack, directory);
    return { hosts: hostsOf(config), plan: config.probe };
}

/** A stack's configuration, checked. Throws `CouldNotRun` with a line for each wrong value. */
export async function stackConfigOf(stack: string, directory: string): Promise<StackConfig> {
    const read = readStackConfig(await stackConfiguration(stack, directory));
    if ("faults" in read) throw new CouldNotRun(read.faults.join("\n"));
    return read.config;
}

async function stackConfiguration(stack: string, directory: string): Promise<Record<string, string>> {
    try {
        const { name } = await readProject(directory);
        const settings = await readStackSettings(directory, name, stack);
        const passphrase = await passphraseFrom(process.env);
        const sealed = hasSecureValues(settings) && settings.encryptionSalt !== undefined;
        if (sealed && passphrase === undefined)
            throw new Error(
                `Stack ${stack} has secrets. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.`,
            );
        const crypter = sealed ? await openCrypter(settings.encryptionSalt!, passphrase!) : undefined;
        const config = decryptConfig(settings, crypter);
        return Object.fromEntries([...config].map(([key, { text }]) => [key, text]));
    } catch (error) {
        throw new CouldNotRun((error as Error).message);
    }
}

function hostsOf({ gateway, nodes }: StackConfig): ProbedHost[] {
    const ofNodes = nodes.map(({ name, role, connection }) => ({ vantagePoint: name, role, connection }));
    if (!gateway) return ofNodes;
    return [{ vantagePoint: gateway.name, role: "gateway", connection: gateway.connection }, ...ofNodes];
}
