import { createHmac } from "node:crypto";
import type { PublicKey } from "../../provider/host/hostKey.ts";

/**
 * A known_hosts file (sshd(8)) with these keys in place of those it held for the host by name, plain or hashed. Lines of
 * patterns, of several names and of markers keep what is not this host's.
 */
export function withHostKeys(knownHosts: string, host: string, port: number, keys: readonly PublicKey[]): string {
    const name = port === 22 ? host : `[${host}]:${port}`;
    const kept = knownHosts.split("\n").flatMap(line => withoutName(line, name));
    while (kept.at(-1) === "") kept.pop();
    return [...kept, ...keys.map(({ type, base64 }) => `${name} ${type} ${base64}`), ""].join("\n");
}

/** The line without the name; no line when it had no other. */
function withoutName(line: string, name: string): string[] {
    const [names = "", ...rest] = line.trim().split(/\s+/);
    if (names === "" || names.startsWith("#") || names.startsWith("@") || rest.length < 2) return [line];
    if (names.startsWith("|1|")) return isHashOf(names, name) ? [] : [line];
    const listed = names.split(",");
    const others = listed.filter(one => one.toLowerCase() !== name.toLowerCase());
    if (others.length === listed.length) return [line];
    return others.length === 0 ? [] : [[others.join(","), ...rest].join(" ")];
}

function isHashOf(hashed: string, name: string): boolean {
    const [salt = "", hash] = hashed.slice(3).split("|");
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}
