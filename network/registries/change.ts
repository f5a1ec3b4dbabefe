import { credentialsOf, readContainerdConfig } from "./containerdConfig.ts";
import { parseRegistries } from "./parse.ts";
import {
    type CertsDNode,
    certsDDirectory,
    EMBEDDED_REGISTRY,
    NotReproducible,
    renderCertsD,
} from "./rendering/certsD.ts";
import { HOSTS_TOML_HEADER } from "./rendering/hostsToml.ts";
import type { Registries } from "./schema.ts";
import type { K3sVersion } from "./version.ts";

/** What a node has, before its registries change. */
export interface NodeRegistries {
    /** Release of the K3s that is installed; null where none is, or where it does not say. */
    version: K3sVersion | null;
    /** Unit that runs now, such as `k3s.service`; null when none does. */
    runningUnit: string | null;
    dataDir: string;
    disableDefaultRegistryEndpoint: boolean;
    /** Text of containerd's config.toml; null when there is none. */
    containerdConfig: string | null;
    /** Text of registries.yaml; null when there is none. */
    registries: string | null;
    /** Every hosts.toml: path below certs.d to text. */
    certsD: ReadonlyMap<string, string>;
    /** Texts that registries.yaml is known to have had, which K3s may have read last: what was applied, and found. */
    formerRegistries: readonly string[];
    /** What certs.d was last seen to be rendered with; null when that is not known. */
    renderedWith: CertsDNode | null;
}

/** How a change takes effect: when K3s first starts, at the next pull, or by a restart. */
export type Effect = "at-start" | "live" | "restart";

/** What a change of a node's registries.yaml takes. */
export interface RegistriesChange {
    effect: Effect;
    /** Why it takes that, in one sentence. */
    why: string;
    /** hosts.toml files to write, path below certs.d to text. Empty unless the change is live. */
    write: ReadonlyMap<string, string>;
    /** hosts.toml files to remove with their directories. */
    remove: readonly string[];
    /** What certs.d is rendered with, where the change is live. */
    renderedWith: CertsDNode | null;
}

/**
 * Tells what it takes to give a node another registries.yaml; null for none. certs.d is written by hand only where what
 * K3s had rendered could be reproduced byte for byte, so that K3s's next start changes nothing of it.
 */
export function changeOfRegistries(node: NodeRegistries, wanted: string | null): RegistriesChange {
    const without = { write: new Map<string, string>(), remove: [], renderedWith: null };
    if (node.runningUnit === null)
        return { ...without, effect: "at-start", why: "K3s does not run here yet and reads it when it starts." };
    try {
        return { ...liveChange(node, wanted), effect: "live" };
    } catch (error) {
        if (!(error instanceof NeedsRestart) && !(error instanceof NotReproducible)) throw error;
        return { ...without, effect: "restart", why: error.message };
    }
}

/** What in certs.d is not as K3s renders it from a registries.yaml; null when that cannot be told. */
export function driftOfCertsD(node: NodeRegistries, wanted: string): string[] | null {
    const { renderedWith } = node;
    if (renderedWith === null || node.runningUnit === null || !isSameNode(node, renderedWith)) return null;
    const { file } = parseRegistries(wanted);
    if (file === null) return null;
    const { write, remove } = difference(node.certsD, renderCertsD(file.registries, renderedWith));
    return [...write.keys(), ...remove].toSorted();
}

class NeedsRestart extends Error {}

function liveChange(node: NodeRegistries, wanted: string | null): Omit<RegistriesChange, "effect"> {
    const config = node.containerdConfig === null ? null : readContainerdConfig(node.containerdConfig);
    const directory = certsDDirectory(node.dataDir);
    if (config === null || !config.configPaths.has(directory))
        throw new NeedsRestart(`containerd's config.toml has no config_path ${directory}, so it reads no hosts.toml.`);
    const renderedWith = presentNode(node);
    const registries = readable(wanted, "The new registries.yaml");
    const { write, remove } = difference(node.certsD, renderCertsD(registries, renderedWith));
    if (credentialsOf(registries) !== config.credentials)
        throw new NeedsRestart("Credentials change, and containerd reads them only when it starts.");
    return { why: "containerd reads hosts.toml at every pull.", write, remove, renderedWith };
}

/** What K3s rendered the present certs.d with: it is believed only if the same bytes come out here. */
function presentNode(node: NodeRegistries): CertsDNode {
    const { version, dataDir, disableDefaultRegistryEndpoint } = node;
    if (version === null) throw new NeedsRestart("K3s does not say which release it is.");
    const candidates = [null, EMBEDDED_REGISTRY].map(embeddedRegistry => {
        return { version, dataDir, embeddedRegistry, disableDefaultRegistryEndpoint };
    });
    for (const source of [node.registries ?? "", ...node.formerRegistries]) {
        const { file } = parseRegistries(source);
        const found = file && candidates.find(candidate => isReproduced(node, file.registries, candidate));
        if (found) return found;
    }
    if (node.renderedWith !== null && isSameNode(node, node.renderedWith)) return node.renderedWith;
    throw new NeedsRestart("The present certs.d is not what K3s would render from the present registries.yaml.");
}

function isReproduced(node: NodeRegistries, registries: Registries, candidate: CertsDNode): boolean {
    try {
        const { write, remove } = difference(node.certsD, renderCertsD(registries, candidate));
        return write.size === 0 && remove.length === 0;
    } catch (error) {
        if (error instanceof NotReproducible) return false;
        throw error;
    }
}

function isSameNode(node: NodeRegistries, { version, dataDir, disableDefaultRegistryEndpoint }: CertsDNode): boolean {
    return (
        node.version?.minor === version.minor &&
        node.version.patch === version.patch &&
        node.dataDir === dataDir &&
        node.disableDefaultRegistryEndpoint === disableDefaultRegistryEndpoint
    );
}

/** What makes one tree of the other. Files of others stay, as they do when K3s starts. */
function difference(present: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>) {
    const isOurs = ([path, text]: [string, string]) => text.startsWith(HOSTS_TOML_HEADER) && !wanted.has(path);
    return {
        write: new Map([...wanted].filter(([path, text]) => present.get(path) !== text)),
        remove: [...present].filter(isOurs).map(([path]) => path),
    };
}

function readable(text: string | null, what: string): Registries {
    const { file, problems } = parseRegistries(text ?? "");
    if (file) return file.registries;
    const [problem] = problems;
    throw new NeedsRestart(`${what} cannot be understood: line ${problem!.line}: ${problem!.message}`);
}
