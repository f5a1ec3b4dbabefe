import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Cluster, type Context, KubeConfig, type User } from "@kubernetes/client-node";
import { parse } from "yaml";
import { type ExecPlugin, execCredential } from "./execCredential.ts";

/** The kubeconfig is missing, cannot be read, or has no such context. The message says what to do. */
export class KubeconfigUnusable extends Error {
    override name = "KubeconfigUnusable";
}

export interface KubeconfigSource {
    /** File to read. Default: `KUBECONFIG`, or `~/.kube/config`. */
    file?: string;
    /** Text of a kubeconfig, in place of a file. */
    text?: string;
    /** Context to use. Default: the first file's current one. */
    context?: string;
}

/** What the client library does not read of a user, or reads otherwise than kubectl. */
interface UserFiles {
    tokenFile?: string;
    exec?: ExecPlugin;
    /** Of the kubeconfig; undefined for a text. */
    directory: string | undefined;
}

/**
 * A kubeconfig whose credentials are fetched again each time they are applied: a token file is read, a credential plugin
 * is run. The library keeps tokens of plugins for all clusters by the name of their user, which K3s calls `default` in
 * every kubeconfig.
 */
class CurrentCredentials extends KubeConfig {
    readonly #files: ReadonlyMap<string, UserFiles>;

    constructor(files: ReadonlyMap<string, UserFiles>) {
        super();
        this.#files = files;
    }

    override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
        const user = this.getCurrentUser();
        const cluster = this.getCurrentCluster();
        const files = user === null ? undefined : this.#files.get(user.name);
        if (user === null || files === undefined) return await super.applyToHTTPSOptions(options);
        const plain = new KubeConfig();
        plain.loadFromOptions({
            clusters: this.clusters,
            contexts: this.contexts,
            currentContext: this.currentContext,
            users: [{ ...user, exec: undefined, ...(await credentialsIn(files, cluster)) }],
        });
        await plain.applyToHTTPSOptions(options);
    }
}

async function credentialsIn(
    { tokenFile, exec, directory }: UserFiles,
    cluster: Cluster | null,
): Promise<Partial<User>> {
    if (tokenFile !== undefined) return { token: readFileSync(tokenFile, "utf8").trim() };
    const { token, clientCertificateData, clientKeyData } = await execCredential(exec!, directory, cluster);
    const base64 = (pem: string) => Buffer.from(pem).toString("base64");
    return {
        ...(token ? { token } : {}),
        ...(clientCertificateData && clientKeyData
            ? { certData: base64(clientCertificateData), keyData: base64(clientKeyData) }
            : {}),
    };
}

/** The kubeconfig, set to the wanted context; several files are merged as kubectl merges them. Throws KubeconfigUnusable. */
export function kubeconfigOf({ file, text, context }: KubeconfigSource): KubeConfig {
    const where = text === undefined ? (file ?? defaultFiles().join(delimiter)) : "the given kubeconfig";
    const parts = text === undefined ? filesOf(file) : [partOf(where, text, undefined)];
    const config = merged(parts);
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
    const user = config.getContextObject(wanted)?.user;
    if (user && config.getCurrentUser() === null)
        throw new KubeconfigUnusable(
            `${where}: the context ${wanted} names the user ${user}, which the file does not describe. Add it, or choose another context.`,
        );
    return config;
}

/** One file of a kubeconfig, its relative paths resolved. */
interface Part {
    clusters: Cluster[];
    contexts: Context[];
    users: User[];
    currentContext: string;
    files: Map<string, UserFiles>;
}

function defaultFiles(): string[] {
    const named = process.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
    return named.length > 0 ? named : [join(homedir(), ".kube", "config")];
}

/** Missing files among several are passed over, as kubectl does; with none the library would go on with localhost. */
function filesOf(file: string | undefined): Part[] {
    const files = file === undefined ? defaultFiles() : [file];
    const parts = files.flatMap(one => {
        const text = textOf(one);
        return text === undefined ? [] : [partOf(one, text, dirname(resolve(one)))];
    });
    if (parts.length > 0) return parts;
    if (file !== undefined)
        throw new KubeconfigUnusable(
            `${file} cannot be used: it does not exist. Nothing was asked of any cluster. Give --kubeconfig FILE.`,
        );
    throw new KubeconfigUnusable(
        `There is no kubeconfig at ${files.join(" or ")}. Give --kubeconfig FILE, or set KUBECONFIG; on a K3s server it is /etc/rancher/k3s/k3s.yaml.`,
    );
}

function textOf(file: string): string | undefined {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        const reason = code === "EACCES" || code === "EPERM" ? "permission denied" : message;
        throw new KubeconfigUnusable(
            `${file} cannot be used: ${reason}. Nothing was asked of any cluster. Read it as its owner (K3s writes it for root alone), or give --kubeconfig FILE.`,
        );
    }
}

function partOf(where: string, text: string, directory: string | undefined): Part {
    const config = new KubeConfig();
    const files = new Map<string, UserFiles>();
    try {
        config.loadFromString(text);
        if (directory !== undefined) config.makePathsAbsolute(directory);
        for (const { name, user } of usersIn(text)) {
            const { tokenFile, exec } = user ?? {};
            if (typeof tokenFile === "string" && tokenFile !== "")
                files.set(name, { tokenFile: directory ? resolve(directory, tokenFile) : tokenFile, directory });
            else if (typeof exec?.command === "string") files.set(name, { exec, directory });
        }
    } catch {
        // A parser's message quotes the text, which holds keys.
        throw new KubeconfigUnusable(
            `${where} cannot be used: it is not a kubeconfig. Nothing was asked of any cluster. Give --kubeconfig FILE.`,
        );
    }
    const { clusters = [], contexts = [], users = [] } = config;
    return { clusters, contexts, users, currentContext: config.getCurrentContext() ?? "", files };
}

function usersIn(text: string): { name: string; user?: { tokenFile?: unknown; exec?: ExecPlugin } | null }[] {
    return (parse(text, { merge: true }) as { users?: ReturnType<typeof usersIn> | null }).users ?? [];
}

/** Of each name, and of the current context, the first file's wins (client-go, tools/clientcmd/loader.go). */
function merged(parts: readonly Part[]): KubeConfig {
    const files = new Map<string, UserFiles>();
    const users = new Map<string, User>();
    for (const part of parts)
        for (const user of part.users) {
            if (users.has(user.name)) continue;
            users.set(user.name, user);
            const own = part.files.get(user.name);
            if (own !== undefined) files.set(user.name, own);
        }
    const config = new CurrentCredentials(files);
    config.loadFromOptions({
        clusters: firstOfEach(parts.flatMap(({ clusters }) => clusters)),
        contexts: firstOfEach(parts.flatMap(({ contexts }) => contexts)),
        users: [...users.values()],
        currentContext: parts.map(({ currentContext }) => currentContext).find(Boolean) ?? "",
    });
    return config;
}

function firstOfEach<T extends { name: string }>(named: readonly T[]): T[] {
    const first = new Map<string, T>();
    for (const one of named) if (!first.has(one.name)) first.set(one.name, one);
    return [...first.values()];
}
