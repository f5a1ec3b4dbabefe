import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";
import { type LabHost, labPaths } from "../topology.ts";
import type { HostFile } from "./settings.ts";

// Keys are kept with the instance's state: a reboot finds them again, a rebuilt host gets new ones.

const keyDirectory = (instance: string) => join(labPaths(instance).run, "ssh");
const hostKeyFile = (instance: string, host: LabHost) => join(keyDirectory(instance), `${host}.pub`);

/** The private key every booted host lets root in with. */
export function clientKeyPath(instance: string): string {
    return join(keyDirectory(instance), "client");
}

/** A host's public key, as `authorized_keys` and `known_hosts` spell it. */
export function hostKeyOf(instance: string, host: LabHost): string {
    const file = hostKeyFile(instance, host);
    if (!existsSync(file)) throw new Error(`${host} is no booted host of lab ${instance}. See clearpath lab status.`);
    return readFileSync(file, "utf8").trim();
}

export async function makeClientKey(instance: string): Promise<void> {
    await mkdir(keyDirectory(instance), { recursive: true, mode: 0o700 });
    const pair = newKeyPair("clearpath-lab");
    await writeFile(clientKeyPath(instance), pair.private, { mode: 0o600 });
    await writeFile(`${clientKeyPath(instance)}.pub`, `${pair.public}\n`);
}

/** Files that make a host itself and nobody else: name, machine-id, host key, and who may log in. New ones at every call. */
export async function newIdentity(instance: string, host: LabHost): Promise<HostFile[]> {
    const pair = newKeyPair(`root@${host}`);
    await writeFile(hostKeyFile(instance, host), `${pair.public}\n`);
    return [
        { path: "/etc/hostname", content: `${host}\n` },
        { path: "/etc/hosts", content: `127.0.0.1 localhost\n127.0.1.1 ${host}\n::1 localhost ip6-localhost\n` },
        { path: "/etc/machine-id", content: `${randomBytes(16).toString("hex")}\n`, mode: 0o444 },
        { path: "/etc/ssh/ssh_host_ed25519_key", content: pair.private, mode: 0o600 },
        { path: "/etc/ssh/ssh_host_ed25519_key.pub", content: `${pair.public}\n` },
        {
            path: "/root/.ssh/authorized_keys",
            content: readFileSync(`${clientKeyPath(instance)}.pub`, "utf8"),
            mode: 0o600,
        },
    ];
}

/** Bytes of a public Ed25519 key with its name (RFC 8709, section 4). */
const PUBLIC_KEY_BYTES = 4 + "ssh-ed25519".length + 4 + 32;

/**
 * A new Ed25519 key in OpenSSH's format. ssh2 1.17 leaves out zero bytes that a public key begins with, which one in 256
 * does, and sshd refuses to start with such a key.
 */
export function newKeyPair(comment = ""): { private: string; public: string } {
    for (;;) {
        const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
        if (Buffer.from(pair.public.split(" ")[1]!, "base64").length === PUBLIC_KEY_BYTES) return pair;
    }
}
