import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { LabHost } from "../topology.ts";
import { execOnHost } from "./exec.ts";
import { requireLeader } from "./processes.ts";

/** The state of a host that must be the same again after `destroy`. */
export interface HostFingerprint {
    /** `nft -s list ruleset`: every table of every owner, counters left out. */
    ruleset: string;
    /** MTU of every link, in bytes. */
    links: Record<string, number>;
    /** Every path below the directory, sorted: its kind, mode, owner, and a hash of its content. */
    etc: Record<string, string>;
    usrLocal: Record<string, string>;
}

/** Nothing is left out of /etc: what a running Debian would write there by itself was settled when the base was built. */
export async function fingerprintOf(instance: string, host: LabHost): Promise<HostFingerprint> {
    const root = `/proc/${requireLeader(instance, host)}/root`;
    const [rules, links, etc, usrLocal] = await Promise.all([
        execOnHost(instance, host, ["nft", "-s", "list", "ruleset"]),
        execOnHost(instance, host, ["ip", "-json", "link"]),
        tree(root, "/etc"),
        tree(root, "/usr/local"),
    ]);
    const mtus = (JSON.parse(links.stdout) as { ifname: string; mtu: number }[]).map(
        ({ ifname, mtu }) => [ifname, mtu] as const,
    );
    return { ruleset: rules.stdout, links: Object.fromEntries(mtus.sort()), etc, usrLocal };
}

async function tree(root: string, directory: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const visit = async (path: string): Promise<void> => {
        const { mode, uid, gid } = await lstat(join(root, path));
        const kind = mode & 0o170000;
        const content =
            kind === SYMLINK
                ? `-> ${await readlink(join(root, path))}`
                : kind === FILE
                  ? sha256(await readFile(join(root, path)))
                  : "";
        found[path] = `${mode.toString(8)} ${uid}:${gid} ${content}`.trim();
        if (kind !== DIRECTORY) return;
        for (const name of (await readdir(join(root, path))).sort()) await visit(join(path, name));
    };
    await visit(directory);
    return found;
}

/** File kinds in `st_mode`, inode(7). */
const DIRECTORY = 0o040000;
const FILE = 0o100000;
const SYMLINK = 0o120000;

function sha256(content: Buffer): string {
    return createHash("sha256").update(content).digest("hex");
}
