import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireLeader } from "../network/hosts/processes.ts";
import type { Lab } from "../network/lab.ts";
import type { LabHost } from "../network/topology.ts";

const PROGRAM = new URL("./breakpoint.sh", import.meta.url);
const DIRECTORY = "/run/lab-breakpoints";
/** A directory that comes first in the PATH of every step on a host. */
const FIRST_IN_PATH = "/usr/local/sbin";

/** The commands that steps change a host with, and those that send a step's program to it. */
const COMMANDS = "cat chmod chown cp flock ip mkdir mktemp mv nft rm rmdir sync systemctl".split(" ");

/**
 * Places on a host to strike at: before each command that a step runs there. The commands are counted by a program of
 * the lab that stands before them in PATH, so that what is struck is the product as it is.
 */
export interface Breakpoints {
    /** Counts from 0 again, and holds the command of that number, 1 for the first. 0 holds none. */
    count(wanted: number): Promise<void>;
    /** Whether the command is held now. */
    held(): boolean;
    /** Lets the held command go on, and counts no more. */
    release(): Promise<void>;
    /** Makes every command take so many seconds longer; 0 as long as it takes. */
    slow(seconds: number): Promise<void>;
    /** The commands since `count`, each in words. None once the host has lost its power. */
    commands(): Promise<string[]>;
}

/** Puts breakpoints on a host: files of /usr/local, which its fingerprint has from then on. */
export async function placeBreakpoints(lab: Lab, host: LabHost): Promise<Breakpoints> {
    const root = () => `/proc/${requireLeader(lab.instance, host)}/root`;
    const file = (name: string) => join(root(), DIRECTORY, name);
    const program = join(root(), "/usr/local/lib/lab-breakpoint");
    await copyFile(PROGRAM, program);
    await chmod(program, 0o755);
    for (const command of COMMANDS) {
        const link = join(root(), FIRST_IN_PATH, command);
        if (!existsSync(link)) await symlink("/usr/local/lib/lab-breakpoint", link);
    }
    return {
        async count(wanted) {
            await mkdir(join(root(), DIRECTORY), { recursive: true });
            await writeFile(file("commands"), "");
            await writeFile(file("wanted"), `${wanted}\n`);
            await writeFile(file("count"), "0\n");
        },
        held: () => existsSync(file("held")),
        async release() {
            await rm(file("count"), { force: true });
            await rm(file("held"), { force: true });
        },
        async slow(seconds) {
            await mkdir(join(root(), DIRECTORY), { recursive: true });
            if (seconds > 0) await writeFile(file("pause"), `${seconds}\n`);
            else await rm(file("pause"), { force: true });
        },
        async commands() {
            const text = await readFile(file("commands"), "utf8").catch(() => "");
            return text.split("\n").slice(0, -1);
        },
    };
}
