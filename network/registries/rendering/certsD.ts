import { posix } from "node:path";
import type { Registries } from "../schema.ts";
import { formatK3sVersion, hostsTomlLayout, type K3sVersion } from "../version.ts";
import { hostConfigs, NotReproducible, withEmbeddedRegistry } from "./hostConfigs.ts";
import { hostsToml } from "./hostsToml.ts";

export { DEFAULT_DATA_DIR } from "../dataDir.ts";
export { NotReproducible };

/** What a node's certs.d depends on besides its registries.yaml (whose own place, `private-registry`, does not matter). */
export interface CertsDNode {
    version: K3sVersion;
    /** K3s's `data-dir`. */
    dataDir: string;
    /** Host and port that K3s's embedded registry answers at on the node; null unless `embedded-registry` is set. */
    embeddedRegistry: string | null;
    /** K3s's `disable-default-registry-endpoint`. */
    disableDefaultRegistryEndpoint: boolean;
}

/** Where the embedded registry answers unless the API server's port or the cluster's IP family is changed. */
export const EMBEDDED_REGISTRY = "127.0.0.1:6443";

/** Directory of containerd's `config_path` on a node, which K3s makes with mode 0700. */
export function certsDDirectory(dataDir: string): string {
    return posix.join(dataDir, "agent/etc/containerd/certs.d");
}

/**
 * Every file below certs.d that K3s writes at its start: path, relative to certs.d, to text. Files have mode 0644,
 * directories 0700. Sorted by path. Throws NotReproducible when what K3s would write cannot be told.
 */
export function renderCertsD(registries: Registries, node: CertsDNode): Map<string, string> {
    const layout = hostsTomlLayout(node.version);
    if (!layout) {
        throw new NotReproducible(
            `What K3s ${formatK3sVersion(node.version)} makes of a registries.yaml is not known here: ` +
                "only releases since March 2024 (v1.26.15, v1.27.12, v1.28.8, v1.29.3) are. Upgrade K3s.",
        );
    }
    const embedded = node.embeddedRegistry;
    const all = embedded ? withEmbeddedRegistry(registries, embedded, posix.join(node.dataDir, "agent")) : registries;
    const files = new Map<string, string>();
    for (const [directory, host] of hostConfigs(all, node.disableDefaultRegistryEndpoint, embedded ?? ":")) {
        const path = posix.join(directory, "hosts.toml");
        if (path.startsWith("../") || path.startsWith("/")) {
            throw new NotReproducible(`"${directory}" leads out of certs.d. Use the registry's host name.`, [
                Object.hasOwn(all.mirrors ?? {}, directory) ? "mirrors" : "configs",
                directory,
            ]);
        }
        if (files.has(path)) {
            throw new NotReproducible(`Two names lead to ${path}; K3s picks one by chance. Remove one of them.`);
        }
        files.set(path, hostsToml(host, layout));
    }
    return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
