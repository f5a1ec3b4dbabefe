import { z } from "zod";
import { argsOfRegistries, CaName, RegistriesArgs, registriesOf } from "../../network/registries/args.ts";
import { driftOfCertsD } from "../../network/registries/change.ts";
import { checkRegistries } from "../../network/registries/check.ts";
import { parseRegistries } from "../../network/registries/parse.ts";
import { registriesYaml } from "../../network/registries/registriesYaml.ts";
import { hostOfConnection } from "../host/connection.ts";
import { newOwnership } from "../host/owner.ts";
import { foundOwnership, sessionIfThere } from "../host/presence.ts";
import { appliedAt, hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";
import { applyRegistries, readNode, removeRegistries } from "./registriesChange.ts";
import type { FoundNode } from "./registriesNode.ts";

const certificate = z
    .string()
    .regex(
        /^\s*(?:-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/,
        "must be one or more certificates in PEM",
    );

const inputs = z.strictObject({
    ...hostInputs,
    registries: RegistriesArgs.describe("What registries.yaml says, with its own keys: `mirrors` and `configs`."),
    certificateAuthorities: z
        .record(CaName, certificate)
        .default({})
        .describe("Certificates in PEM by name, for `tls.ca`. They are written to `/etc/rancher/k3s/registries-ca`."),
    adopt: z
        .boolean()
        .default(false)
        .describe("Whether to take over a registries.yaml that is not ours. It is kept and put back on delete."),
    readySeconds: z
        .int()
        .min(5)
        .max(900)
        .default(120)
        .describe("Longest wait, in seconds, for a node to come back after a restart of K3s."),
    kubeconfig: z
        .string()
        .min(1)
        .optional()
        .describe("Text of a kubeconfig. With it a restarted node must also become Ready in the cluster.")
        .meta({ secret: true }),
    nodeName: z.string().min(1).optional().describe("The node's name in Kubernetes. Default: what K3s names it."),
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    path: z.string().describe("Where the node's registries are written to: where its K3s reads them."),
    k3sVersion: z.string().nullable().describe("Release of the K3s that is installed; null where none is."),
    effect: z
        .enum(["at-start", "live", "restart"])
        .describe("How the last change took effect: when K3s first starts, at the next pull, or by a restart."),
    reason: z.string().describe("Why it did so, in one sentence."),
    upstreamLast: z
        .boolean()
        .describe("Whether K3s leaves the upstream behind the mirrors: not with `disable-default-registry-endpoint`."),
    drift: z.array(z.string()).describe("Files on the host that are not as they were written."),
});

export type Inputs = z.infer<typeof inputs>;
export type Outputs = z.infer<typeof outputs>;

export const registries = resourceKind({
    token: "clearpath:k3s:Registries",
    description:
        "One node's registries.yaml, with the certs.d that K3s renders from it, so that a change needs a restart of K3s only where credentials change. It works before K3s is installed, too.",
    idExample: "root@10.27.27.11:22/registries",
    inputs,
    outputs,
    replaceOn: [],
    ignoreInDiff: ["adopt", "readySeconds", "kubeconfig", "nodeName"],
    stableOutputs: ["machineId", "ownerId", "path"],
    stale: ({ outputs }) => (outputs.drift.length > 0 ? ["drift"] : []),
    inputsFromId: path => (path === "/registries" ? {} : undefined),
    validate: faultsOf,
    idOf,
    async create(context, inputs) {
        const made = await applyRegistries(context, inputs, { ...newOwnership(context), isOurs: false });
        return { id: idOf(inputs), outputs: made };
    },
    async read(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return undefined;
        const node = await readNode(context, session, outputs);
        const ownership = foundOwnership(context, node.answers, outputs);
        if (ownership === undefined) return undefined;
        return {
            inputs: { ...inputs, ...inputsOnHost(node, inputs) },
            outputs: {
                ...outputs,
                ...ownership,
                path: node.path,
                effect: outputs.effect ?? "at-start",
                reason: outputs.reason ?? "It was there before.",
                k3sVersion: node.release,
                upstreamLast: !node.disableDefaultRegistryEndpoint,
                drift: driftOf(node, inputs),
            },
        };
    },
    update: (context, _id, olds, news) => applyRegistries(context, news, { ...olds.outputs, isOurs: true }),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session !== undefined) await removeRegistries(context, session, inputs, outputs);
    },
});

/** One node's registries.yaml, with the certs.d that K3s renders from it. */
export class Registries extends resourceClass(registries) {}

function idOf({ connection }: Inputs): string {
    return `${hostOfConnection(connection)}/registries`;
}

/** What K3s would not do as it is written, whichever its release. */
function faultsOf({ registries, certificateAuthorities }: Inputs): { property: string; reason: string }[] {
    const missing = Object.entries(registries.configs ?? {}).flatMap(([host, { tls }]) => {
        const property = `registries.configs["${host}"].tls.ca`;
        if (tls?.ca !== undefined && tls.ca_file !== undefined)
            return [{ property, reason: "stands beside ca_file; keep one of the two" }];
        if (tls?.ca === undefined || tls.ca in certificateAuthorities) return [];
        return [{ property, reason: `names "${tls.ca}", which certificateAuthorities does not have; add it there` }];
    });
    const wrong = checkRegistries(registriesYaml(registriesOf(registries)))
        .filter(({ severity }) => severity === "error")
        .map(({ path, message }) => ({
            property: path === "" ? "registries" : `registries.${path}`,
            reason: message.replace(/\.$/, ""),
        }));
    return [...missing, ...wrong];
}

/** What the host has in place of what was written, as far as it can be said in the resource's own words. */
function inputsOnHost(node: FoundNode, { registries }: Inputs): Partial<Inputs> {
    if (registries !== undefined && node.registries === registriesYaml(registriesOf(registries))) return {};
    const { file } = parseRegistries(node.registries ?? "");
    return file === null ? {} : { registries: argsOfRegistries(file.registries) };
}

function driftOf(node: FoundNode, { registries, certificateAuthorities }: Inputs): string[] {
    if (registries === undefined) return [];
    const text = registriesYaml(registriesOf(registries));
    const wrongMode = node.mode !== null && node.mode !== "600" ? [`${node.path} has mode ${node.mode}`] : [];
    const authorities = Object.entries(certificateAuthorities)
        .filter(([name, pem]) => node.authorities.get(name) !== pem)
        .map(([name]) => `certificate authority ${name}`);
    const certsD = (driftOfCertsD(node, text) ?? []).map(path => `certs.d/${path}`);
    const elsewhere = node.path === node.k3sPath ? [] : [`K3s reads ${node.k3sPath}`];
    return [...elsewhere, ...(node.registries === text ? wrongMode : [node.path]), ...certsD, ...authorities];
}
