import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";

/** The kubeconfig is missing, cannot be read, or has no such context. The message says what to do. */
export class KubeconfigUnusable extends Error {
    override name = "KubeconfigUnusable";
}

export interface KubeconfigSource {
    /** File to read. Default: `KUBECONFIG`, or `~/.kube/config`. */
    file?: string;
    /** Text of a kubeconfig, in place of a file. */
    text?: string;
    /** Context to use. Default: the file's current one. */
    context?: string;
}

/** The kubeconfig, set to the wanted context. Throws KubeconfigUnusable. */
export function kubeconfigOf({ file, text, context }: KubeconfigSource): KubeConfig {
    const config = new KubeConfig();
    const where = text === undefined ? (file ?? defaultFiles()) : "the given kubeconfig";
    try {
        if (text !== undefined) config.loadFromString(text);
        else if (file !== undefined) config.loadFromFile(file);
        else {
            requireDefaultFile();
            config.loadFromDefault();
        }
    } catch (error) {
        if (error instanceof KubeconfigUnusable) throw error;
        // A parser's message quotes the text, which holds keys.
        const reason = isMissing(error) ? "it does not exist" : "it is not a kubeconfig";
        throw new KubeconfigUnusable(
            `${where} cannot be used: ${reason}. Nothing was asked of any cluster. Give --kubeconfig FILE.`,
        );
    }
    const known = config.getContexts().map(({ name }) => name);
    const wanted = context ?? config.getCurrentContext();
    if (!known.includes(wanted)) {
        const choice = known.length === 0 ? "It has none" : `It has ${known.join(", ")}`;
        const problem = wanted ? `has no context ${wanted}` : "has no current context";
        throw new KubeconfigUnusable(`${where} ${problem}. ${choice}. Choose one by --context.`);
    }
    config.setCurrentContext(wanted);
    if (!config.getCurrentCluster()?.server)
        throw new KubeconfigUnusable(
            `${where}: the context ${wanted} names a cluster that the file does not describe. Add it, or choose another context.`,
        );
    return config;
}

function defaultFiles(): string {
    return process.env.KUBECONFIG || join(homedir(), ".kube", "config");
}

/** Without one, the client library would go on with a cluster on localhost that nobody named. */
function requireDefaultFile(): void {
    const files = defaultFiles().split(delimiter).filter(Boolean);
    if (files.some(file => existsSync(file) && statSync(file).isFile())) return;
    throw new KubeconfigUnusable(
        `There is no kubeconfig at ${files.join(" or ")}. Give --kubeconfig FILE, or set KUBECONFIG; on a K3s server it is /etc/rancher/k3s/k3s.yaml.`,
    );
}

function isMissing(error: unknown): boolean {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
}
