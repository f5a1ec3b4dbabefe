import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type ConnectConfig, type Client as SshClient } from "ssh2";
import type { Connection, JumpHost } from "./connection.ts";
import { HostError } from "./hostError.ts";
import { algorithmsFor, type ExpectedKeys, expandHome, expectedKeys, fingerprint } from "./hostKey.ts";

/** After three keepalives without an answer, a session counts as broken. */
const KEEPALIVE = { keepaliveInterval: 5_000, keepaliveCountMax: 3 };
const RETRY_PAUSE_MS = 1_000;

/**
 * Opens an authenticated SSH connection, through the jump host if there is one, and verifies the host's key before
 * anything is sent. Throws a HostError that names the reason: no answer within `perDialTimeout`, a closed port, an
 * unknown or different host key, or a refused login.
 */
export async function dial(connection: Connection, signal?: AbortSignal): Promise<SshClient> {
    const { proxy, ...target } = connection;
    const tries = connection.dialErrorLimit === -1 ? Number.POSITIVE_INFINITY : Math.max(1, connection.dialErrorLimit);
    for (let attempt = 1; ; attempt++) {
        try {
            if (proxy === undefined) return await login(target, await openTcp(target, signal), signal);
            return await dialThrough(proxy, target, signal);
        } catch (error) {
            const mayPass =
                error instanceof HostError && ["unreachable", "refused", "connection-lost"].includes(error.reason);
            if (!mayPass || attempt >= tries || signal?.aborted) throw error;
            await sleep(RETRY_PAUSE_MS, undefined, { signal }).catch(() => undefined);
        }
    }
}

async function dialThrough(proxy: JumpHost, target: JumpHost, signal?: AbortSignal): Promise<SshClient> {
    const jump = await login(proxy, await openTcp(proxy, signal), signal).catch(error => {
        const why = error instanceof HostError ? error.message : String(error);
        throw new HostError(target.host, "proxy", `Clearpath could not connect through its jump host. ${why}`);
    });
    try {
        const stream = await new Promise<Duplex>((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error("no answer")), target.perDialTimeout * 1000);
            jump.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) => {
                clearTimeout(timer);
                if (error) reject(error);
                else resolve(channel);
            });
        }).catch((error: Error) => {
            throw unreachable(target, `the jump host ${proxy.host} says: ${error.message}`);
        });
        const client = await login(target, stream, signal);
        client.once("close", () => jump.end());
        return client;
    } catch (error) {
        jump.end();
        throw error;
    }
}

function unreachable(target: JumpHost, why: string): HostError {
    return new HostError(
        target.host,
        "unreachable",
        `no TCP connection to port ${target.port} (${why}). Nothing was changed. Check that the host is up and that this machine can reach it.`,
    );
}

function openTcp(target: JumpHost, signal?: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
        const socket = connectTcp({ host: target.host, port: target.port, noDelay: true });
        const settle = (finish: () => void) => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", onAbort);
            socket.removeAllListeners();
            // A reset may come at any time, and without a listener it would end the process. Callers read `errored`.
            socket.on("error", () => undefined);
            finish();
        };
        const fail = (error: HostError) => {
            settle(() => reject(error));
            socket.destroy();
        };
        const onAbort = () => fail(cancelled(target.host));
        const late = `no answer within ${target.perDialTimeout} s`;
        const timer = setTimeout(() => fail(unreachable(target, late)), target.perDialTimeout * 1000);
        if (signal?.aborted) return onAbort();
        signal?.addEventListener("abort", onAbort, { once: true });
        socket.once("error", (error: NodeJS.ErrnoException) => fail(tcpError(target, error)));
        socket.once("connect", () => settle(() => resolve(socket)));
    });
}

function tcpError(target: JumpHost, error: NodeJS.ErrnoException): HostError {
    if (error.code === "ECONNREFUSED")
        return new HostError(
            target.host,
            "refused",
            `nothing listens on TCP port ${target.port}. Nothing was changed. Start its SSH server, or correct connection.port.`,
        );
    if (error.code === "ENOTFOUND")
        return new HostError(
            target.host,
            "no-such-host",
            "the name does not exist in DNS. Nothing was changed. Correct connection.host.",
        );
    return unreachable(target, error.code ?? error.message);
}

function cancelled(host: string): HostError {
    return new HostError(host, "cancelled", "the run was cancelled while connecting. Nothing was changed.");
}

async function login(target: JumpHost, stream: Duplex, signal?: AbortSignal): Promise<SshClient> {
    const { config, expected } = await prepareLogin(target, stream, signal).catch((error: unknown) => {
        stream.destroy();
        throw signal?.aborted ? cancelled(target.host) : error;
    });
    const client = new ssh2.Client();
    return new Promise((resolve, reject) => {
        let shown: Buffer | undefined;
        config.hostVerifier = (key: Buffer) => {
            if (expected === undefined) return true;
            const known = expected.keys.some(({ base64 }) => Buffer.from(base64, "base64").equals(key));
            if (!known) shown = key;
            return known;
        };
        const onAbort = () => {
            client.destroy();
            reject(cancelled(target.host));
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        client.once("ready", () => {
            signal?.removeEventListener("abort", onAbort);
            resolve(client);
        });
        client.on("error", (error: Error & { level?: string }) => {
            signal?.removeEventListener("abort", onAbort);
            client.destroy();
            reject(loginError(target, error, expected, shown));
        });
        client.once("close", () => reject(lost(target, "the host closed the connection")));
        client.connect(config);
    });
}

/** Finds the host keys to expect, which may take a command half a minute, and the user's own key. */
async function prepareLogin(target: JumpHost, stream: Duplex, signal?: AbortSignal) {
    const expected = target.insecureIgnoreHostKey ? undefined : await expectedKeys(target, signal);
    const config = await loginConfig(target, stream, expected);
    signal?.throwIfAborted();
    if (stream.destroyed) throw lost(target, stream.errored?.message ?? "the host closed the connection");
    return { config, expected };
}

async function loginConfig(target: JumpHost, sock: Duplex, expected: ExpectedKeys | undefined): Promise<ConnectConfig> {
    const agent = target.agentSocketPath ?? process.env.SSH_AUTH_SOCK;
    const path = target.privateKeyPath === undefined ? undefined : expandHome(target.privateKeyPath);
    const privateKey = path === undefined ? target.privateKey : await readFile(path, "utf8").catch(() => undefined);
    if (path !== undefined && privateKey === undefined)
        throw authentication(target, `the key file ${path} cannot be read. Correct connection.privateKeyPath.`);
    if (privateKey !== undefined) {
        const parsed = ssh2.utils.parseKey(privateKey, target.privateKeyPassword);
        if (parsed instanceof Error)
            throw authentication(target, `${path ?? "connection.privateKey"} is not usable: ${parsed.message}`);
    }
    return {
        sock,
        username: target.user,
        readyTimeout: target.perDialTimeout * 1000,
        ...KEEPALIVE,
        ...(expected && { algorithms: { serverHostKey: algorithmsFor(expected.keys) as never } }),
        ...(privateKey !== undefined && { privateKey, passphrase: target.privateKeyPassword }),
        ...(target.password !== undefined && { password: target.password }),
        ...(agent !== undefined && { agent }),
    };
}

function authentication(target: JumpHost, what: string): HostError {
    return new HostError(target.host, "authentication", `${what} Nothing was changed.`);
}

function lost(target: JumpHost, why: string): HostError {
    return new HostError(
        target.host,
        "connection-lost",
        `the SSH connection to port ${target.port} could not be set up: ${why}. Nothing was changed. Check the SSH server's log on the host.`,
    );
}

function loginError(
    target: JumpHost,
    error: Error & { level?: string },
    expected: ExpectedKeys | undefined,
    shown: Buffer | undefined,
): HostError {
    if (shown !== undefined || (expected !== undefined && /no matching host key format/i.test(error.message))) {
        const what = shown === undefined ? "no host key of a known type" : `the host key ${fingerprint(shown)}`;
        return new HostError(
            target.host,
            "host-key",
            `it shows ${what}, but ${expected?.source} names a different key. Nothing was sent to it. If the host was rebuilt, put its new key there. If it was not rebuilt, another machine answers at this address: find out which one.`,
        );
    }
    if (error.level === "client-authentication") {
        const tried = [
            (target.privateKey ?? target.privateKeyPath) && "the private key",
            target.password !== undefined && "the password",
            "the agent's keys",
        ].filter(Boolean);
        return authentication(
            target,
            `it accepts none of these for user ${target.user}: ${tried.join(", ")}. Correct the connection's user, key or password.`,
        );
    }
    return lost(target, error.message);
}
