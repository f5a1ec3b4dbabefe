import { argsOfRegistries, registriesOf } from "../../network/registries/args.ts";
import { driftOfCertsD } from "../../network/registries/change.ts";
import { checkRegistries } from "../../network/registries/check.ts";
import { parseRegistries } from "../../network/registries/parse.ts";
import { registriesYaml } from "../../network/registries/registriesYaml.ts";
import { hostOfConnection } from "../host/connection.ts";
import { newOwnership } from "../host/owner.ts";
import { foundOwnership, sessionIfThere } from "../host/presence.ts";
import { resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";
import { applyRegistries, readNode, removeRegistries } from "./registriesChange.ts";
import type { FoundNode } from "./registriesNode.ts";
import { type Inputs, inputs, outputs } from "./registriesSchema.ts";

export const registries = resourceKind({
    token: "clearpath:k3s:Registries",
    description:
        "One node's registries.yaml, and the certs.d that K3s renders from it. Clearpath writes both, so a change needs a restart of K3s only where credentials change. It also works before K3s is installed.",
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
                reason: outputs.reason ?? "It was there before the resource was imported.",
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

/** Parts of the registries that no release of K3s carries out as they are written. */
function faultsOf({ registries, certificateAuthorities }: Inputs): { property: string; reason: string }[] {
    const missing = Object.entries(registries.configs ?? {}).flatMap(([host, { tls }]) => {
        const property = `registries.configs["${host}"].tls.ca`;
        if (tls?.ca !== undefined && tls.ca_file !== undefined)
            return [{ property, reason: "is given together with ca_file; keep one of the two" }];
        if (tls?.ca === undefined || tls.ca in certificateAuthorities) return [];
        return [{ property, reason: `names "${tls.ca}", which is missing in certificateAuthorities; add it there` }];
    });
    const wrong = checkRegistries(registriesYaml(registriesOf(registries)))
        .filter(({ severity }) => severity === "error")
        .map(({ path, message }) => ({
            property: path === "" ? "registries" : `registries.${path}`,
            reason: message.replace(/\.$/, ""),
        }));
    return [...missing, ...wrong];
}

/** What the host has now, as far as the resource's inputs can express it. */
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
