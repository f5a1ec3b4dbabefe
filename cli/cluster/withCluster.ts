import type { Command } from "commander";
import { ApiFailure } from "../../cluster/api/apiFailure.ts";
import type { ClusterApi } from "../../cluster/api/clusterApi.ts";
import { CouldNotRun } from "../exit.ts";

export interface ClusterFlags {
    kubeconfig?: string;
    context?: string;
}

/** Adds the options that say which cluster is meant. */
export function addClusterOptions(command: Command): Command {
    return command
        .option("--kubeconfig <file>", "kubeconfig of the cluster (default: KUBECONFIG, or ~/.kube/config)")
        .option("--context <name>", "context of the kubeconfig (default: its current one)");
}

/** Runs something against the cluster that the flags mean; what makes that impossible becomes CouldNotRun. */
export async function withCluster<T>(
    { kubeconfig: file, context }: ClusterFlags,
    work: (api: ClusterApi) => Promise<T>,
    signal?: AbortSignal,
): Promise<T> {
    // The client library takes half a second to load, which no other command should wait for.
    const [{ ClusterApi }, { kubeconfigOf, KubeconfigUnusable }] = await Promise.all([
        import("../../cluster/api/clusterApi.ts"),
        import("../../cluster/api/kubeconfig.ts"),
    ]);
    let api: ClusterApi | undefined;
    try {
        api = await ClusterApi.open(kubeconfigOf({ file, context }), signal);
        return await work(api);
    } catch (error) {
        const isOurs = error instanceof ApiFailure || error instanceof KubeconfigUnusable;
        throw isOurs ? new CouldNotRun(error.message) : error;
    } finally {
        api?.close();
    }
}
