import { z } from "zod";
import { EgressSettings } from "../../components/clusterEgress.ts";
import { ClusterCacheSettings, ContainerSettings } from "../../components/config/cacheConfig.ts";
import { StackSettings } from "../../components/config/config.ts";
import { RegistrySettings } from "../../components/pullThroughRegistry.ts";
import { markdownTable, rowsOf } from "./settingsTable.ts";

const HEAD = ["argument", "value", "default", "what it is"];

/** The arguments of ClusterEgress, from the schema of the stack's configuration, without what is inside of each. */
export function egressArguments(): string {
    const { gateway, nodes, probe } = StackSettings.shape;
    const schema = EgressSettings.extend({ gateway, nodes, probe });
    return markdownTable(
        HEAD,
        rowsOf("", schema).filter(([name]) => !/[.[]/.test(name!)),
    );
}

/** The arguments of PullThroughRegistry for every placement, then those of a container and of a cluster. */
export function registryArguments(): string {
    const container = z.strictObject({ container: ContainerSettings.describe("The container, for placement lxc.") });
    const cluster = z.strictObject({ cluster: ClusterCacheSettings.describe("The cluster, for placement cluster.") });
    return markdownTable(HEAD, [...rowsOf("", RegistrySettings), ...rowsOf("", container), ...rowsOf("", cluster)]);
}
