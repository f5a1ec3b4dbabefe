import { readFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import type { CompleteConnection } from "../../components/config/stackConfig.ts";
import { replaceFile } from "../../engine/state/replaceFile.ts";
import { expandHome, type PublicKey, parsePublicKeys } from "../../provider/host/hostKey.ts";
import { withHostKeys } from "./knownHosts.ts";

/** A host whose key is to be enrolled. */
export interface EnrolledHost {
    name: string;
    connection: CompleteConnection;
}

/** Where a connection looks for its host's key: there a new key has to go. */
export type KeyPlace = { kind: "configuration" } | { kind: "command" } | { kind: "known_hosts"; path: string };

/** The place a connection looks in, as `expectedKeys` goes through them. */
export function keyPlaceOf({ hostKey, hostKeyCommand, knownHostsPath }: CompleteConnection): KeyPlace {
    if (hostKey !== undefined) return { kind: "configuration" };
    if (hostKeyCommand !== undefined) return { kind: "command" };
    return { kind: "known_hosts", path: expandHome(knownHostsPath ?? "~/.ssh/known_hosts") };
}

/** The place in words. */
export function placeInWords(place: KeyPlace): string {
    if (place.kind === "known_hosts") return place.path;
    return place.kind === "configuration" ? "hostKey in the stack's configuration" : "its hostKeyCommand";
}

/**
 * Puts a host's new keys where its connection looks for them, in place of its old ones. Keys that a command of the
 * connection's own gives are new by themselves. Throws when the configuration holds the key in another form.
 */
export async function enrolHostKeys(
    { name, connection }: EnrolledHost,
    keys: readonly PublicKey[],
    stackFile: string,
): Promise<void> {
    const place = keyPlaceOf(connection);
    if (place.kind === "configuration") await writeToConfiguration(name, keys, stackFile);
    else if (place.kind === "known_hosts") await writeToKnownHosts(connection, keys, place.path);
}

/**
 * Notes the key of the configuration, by which the host was just met, in a known_hosts file of the run: a refresh goes
 * by the connection in the state, and that still holds the key of the host before.
 */
export async function noteVerified(connection: CompleteConnection, file: string): Promise<void> {
    await writeToKnownHosts(connection, parsePublicKeys(connection.hostKey ?? ""), file);
}

async function writeToConfiguration(name: string, keys: readonly PublicKey[], stackFile: string): Promise<void> {
    const document = parseDocument(await readFile(stackFile, "utf8"));
    const nodes = (document.toJS() as { config?: Record<string, unknown> }).config?.["clearpath:nodes"];
    const index = Array.isArray(nodes) ? nodes.findIndex(node => node?.name === name) : -1;
    const path = ["config", "clearpath:nodes", index, "connection", "hostKey"];
    if (index === -1 || typeof document.getIn(path) !== "string")
        throw new Error(
            `${stackFile} has no nodes[].connection.hostKey of ${name} that could be replaced. Clearpath did not connect to the host. Give ${name} a hostKey of its own there, or a known_hosts file.`,
        );
    document.setIn(path, keys.map(({ type, base64 }) => `${type} ${base64}`).join("\n"));
    await replaceFile(stackFile, document.toString(), { mode: 0o600 });
}

async function writeToKnownHosts(
    { host, port = 22 }: CompleteConnection,
    keys: readonly PublicKey[],
    path: string,
): Promise<void> {
    const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
    });
    await replaceFile(path, withHostKeys(before, host, port, keys), { mode: 0o600 });
}
