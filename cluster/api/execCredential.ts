import { spawn } from "node:child_process";
import { isAbsolute, resolve } from "node:path";
import type { Cluster } from "@kubernetes/client-node";

/** A credential plugin of a kubeconfig's user (client-go, tools/clientcmd/api/v1: ExecConfig). */
export interface ExecPlugin {
    apiVersion?: string;
    command: string;
    args?: string[] | null;
    env?: { name: string; value: string }[] | null;
    installHint?: string;
    provideClusterInfo?: boolean;
}

/** What a plugin answers: a token, or a client certificate with its key as PEM. */
export interface ExecCredential {
    token?: string;
    clientCertificateData?: string;
    clientKeyData?: string;
}

const LONGEST_WAIT_MS = 60_000;
const MOST_OUTPUT = 1 << 20;

/**
 * Runs a credential plugin as kubectl does: a command with a slash is relative to the kubeconfig, any other is looked up
 * in PATH, and KUBERNETES_EXEC_INFO tells it what is wanted. Throws an Error whose message says which plugin failed; it
 * quotes nothing that the plugin printed to its standard output, which holds credentials.
 */
export async function execCredential(
    plugin: ExecPlugin,
    directory: string | undefined,
    cluster: Cluster | null,
): Promise<ExecCredential> {
    const { command, args, env, apiVersion = "client.authentication.k8s.io/v1" } = plugin;
    const isPath = command.includes("/") && !isAbsolute(command);
    const program = isPath && directory !== undefined ? resolve(directory, command) : command;
    const info = {
        apiVersion,
        kind: "ExecCredential",
        spec: {
            interactive: false,
            ...(plugin.provideClusterInfo && cluster
                ? { cluster: { server: cluster.server, "certificate-authority-data": cluster.caData } }
                : {}),
        },
    };
    const given = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    const output = await outputOf(
        program,
        args ?? [],
        { KUBERNETES_EXEC_INFO: JSON.stringify(info), ...given },
        plugin,
    );
    const status = statusIn(output);
    if (status?.token || (status?.clientCertificateData && status.clientKeyData)) return status;
    throw new Error(`the credential plugin ${program} printed no ExecCredential with a token or a certificate`);
}

function statusIn(output: string): ExecCredential | undefined {
    try {
        return (JSON.parse(output) as { status?: ExecCredential }).status;
    } catch {
        return undefined;
    }
}

function outputOf(
    program: string,
    args: string[],
    env: Record<string, string>,
    { installHint }: ExecPlugin,
): Promise<string> {
    return new Promise((done, reject) => {
        const fail = (why: string) => reject(new Error(`the credential plugin ${program} ${why}`));
        const child = spawn(program, args, {
            env: { ...process.env, ...env },
            stdio: ["ignore", "pipe", "pipe"],
            timeout: LONGEST_WAIT_MS,
        });
        let output = "";
        let errors = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            if (output.length < MOST_OUTPUT) output += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            if (errors.length < MOST_OUTPUT) errors += text;
        });
        child.on("error", ({ message, code }: NodeJS.ErrnoException) =>
            fail(
                code === "ENOENT"
                    ? `is not installed${installHint ? `: ${oneLine(installHint)}` : ""}`
                    : `cannot be run: ${message}`,
            ),
        );
        child.on("close", (code, signal) => {
            if (code === 0) done(output);
            else if (signal !== null) fail(`did not end within ${LONGEST_WAIT_MS / 1000} seconds`);
            else fail(`ended with exit code ${code}${errors.trim() ? `: ${oneLine(errors)}` : ""}`);
        });
    });
}

function oneLine(text: string): string {
    return text
        .slice(0, 2000)
        .replace(/[\s\p{Cc}]+/gu, " ")
        .trim()
        .slice(0, 400);
}
