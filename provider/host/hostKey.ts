import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { promisify } from "node:util";
import type { JumpHost } from "./connection.ts";
import { HostError } from "./hostError.ts";

/** A host's public key: its type as SSH names it, and the key itself in base64. */
export interface PublicKey {
    type: string;
    base64: string;
}

/** The keys a host may show, and where they were found, for messages. */
export interface ExpectedKeys {
    keys: PublicKey[];
    source: string;
}

const KEY_TYPE = /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+)$/;
const COMMAND_TIMEOUT_MS = 30_000;

/** Reads public keys, one on each line, as in a .pub file, an authorized_keys file or the output of `ssh-keyscan`. */
export function parsePublicKeys(text: string): PublicKey[] {
    return text.split("\n").flatMap(line => {
        if (line.trimStart().startsWith("#")) return [];
        const words = line.trim().split(/\s+/);
        const at = words.findIndex(word => KEY_TYPE.test(word));
        const base64 = words[at + 1];
        return at === -1 || base64 === undefined ? [] : [{ type: words[at]!, base64 }];
    });
}

/**
 * The keys that a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) holds for a host: plain names, patterns,
 * negations and hashed names. Keys marked `@revoked` are left out, and so are those marked `@cert-authority`, which are
 * not the host's own keys.
 */
export function knownKeys(knownHosts: string, host: string, port: number): PublicKey[] {
    const name = port === 22 ? host : `[${host}]:${port}`;
    const lines = knownHosts
        .split("\n")
        .map(line => line.trim().split(/\s+/))
        .filter(words => words.length >= 3 && !words[0]!.startsWith("#"));
    const revoked = new Set(lines.filter(words => words[0] === "@revoked").map(words => words[3]));
    return lines
        .filter(([names]) => !names!.startsWith("@") && namesInclude(names!, name))
        .map(([, type, base64]) => ({ type: type!, base64: base64! }))
        .filter(key => !revoked.has(key.base64));
}

function namesInclude(names: string, name: string): boolean {
    if (names.startsWith("|1|")) {
        const [salt, hash] = names.slice(3).split("|");
        return (
            createHmac("sha1", Buffer.from(salt ?? "", "base64"))
                .update(name)
                .digest("base64") === hash
        );
    }
    const patterns = names.split(",");
    if (patterns.some(pattern => pattern.startsWith("!") && matches(pattern.slice(1), name))) return false;
    return patterns.some(pattern => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
    const source = pattern
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".");
    return new RegExp(`^${source}$`, "i").test(name);
}

/** The fingerprint of a key, as `ssh` shows it. */
export function fingerprint(key: Buffer): string {
    return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Signature algorithms to offer, so that a server with several keys shows one of the known keys. */
export function algorithmsFor(keys: readonly PublicKey[]): string[] {
    return [...new Set(keys.map(key => key.type))].flatMap(type =>
        type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type],
    );
}

/**
 * Environment variable that names a known_hosts file whose keys come before all others. A refresh uses the connection in
 * the state, which still holds the key from before a rebuild; a program that has verified the new key puts it here.
 */
export const VERIFIED_KEYS_VARIABLE = "CLEARPATH_VERIFIED_HOST_KEYS";

/** The host's keys, from the first place that the connection names: `hostKey`, `hostKeyCommand`, known_hosts. */
export async function expectedKeys(connection: JumpHost, signal?: AbortSignal): Promise<ExpectedKeys> {
    const { host, port } = connection;
    const verified = await verifiedKeys(host, port);
    if (verified !== undefined) return verified;
    if (connection.hostKey !== undefined)
        return required(host, { keys: parsePublicKeys(connection.hostKey), source: "connection.hostKey" });
    if (connection.hostKeyCommand !== undefined) {
        const keys = parsePublicKeys(await runHostKeyCommand(connection, connection.hostKeyCommand, signal));
        return required(host, { keys, source: "connection.hostKeyCommand" });
    }
    const path = expandHome(connection.knownHostsPath ?? "~/.ssh/known_hosts");
    const knownHosts = await readFile(path, "utf8").catch(() => "");
    return required(host, { keys: knownKeys(knownHosts, host, port), source: path });
}

async function verifiedKeys(host: string, port: number): Promise<ExpectedKeys | undefined> {
    const path = process.env[VERIFIED_KEYS_VARIABLE];
    if (!path) return undefined;
    const keys = knownKeys(await readFile(path, "utf8").catch(() => ""), host, port);
    return keys.length > 0 ? { keys, source: path } : undefined;
}

function required(host: string, expected: ExpectedKeys): ExpectedKeys {
    if (expected.keys.length > 0) return expected;
    throw new HostError(
        host,
        "host-key",
        `${expected.source} has no host key for this host, so Clearpath did not connect. Put the line of the host's /etc/ssh/ssh_host_ed25519_key.pub into connection.hostKey, or its key into a known_hosts file that connection.knownHostsPath names.`,
    );
}

async function runHostKeyCommand(connection: JumpHost, command: string, signal?: AbortSignal): Promise<string> {
    const env = { ...process.env, CLEARPATH_HOST: connection.host, CLEARPATH_PORT: String(connection.port) };
    try {
        const options = { env, timeout: COMMAND_TIMEOUT_MS, signal };
        return (await promisify(execFile)("sh", ["-c", command], options)).stdout;
    } catch (error) {
        const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
        throw new HostError(
            connection.host,
            "host-key",
            `connection.hostKeyCommand failed: ${said}. Clearpath did not connect to the host. Run the command by hand with CLEARPATH_HOST=${connection.host} to see why.`,
        );
    }
}

/** Replaces `~/` at the start of a path by the home directory of the user who runs Pulumi. */
export function expandHome(path: string): string {
    return path.startsWith("~/") ? homedir() + path.slice(1) : path;
}
