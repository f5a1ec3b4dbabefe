import { readFileSync } from "node:fs";
import { z } from "zod";
import { IP_FAMILIES, type IpFamily } from "../../network/family.ts";
import type { OperationContext } from "../resource.ts";
import { Connection } from "./connection.ts";
import { HostError } from "./hostError.ts";
import { quote } from "./quote.ts";

/** A host that would notice when a change, perhaps of another host, cuts off its way out. */
export const Witness = z.strictObject({
    name: z.string().min(1).describe("Name of the host in messages."),
    connection: Connection,
    endpoints: z
        .array(z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65535) }))
        .describe("Services that it may reach, by host name and TCP port."),
});
export type Witness = z.infer<typeof Witness>;

/** Endpoints that answered every handshake before a change, by witness. */
export type Baseline = readonly { witness: Witness; reached: readonly Reached[] }[];

interface Reached {
    host: string;
    port: number;
    families: IpFamily[];
}

const COMMAND = `exec python3 -c ${quote(readFileSync(new URL("./reach.py", import.meta.url), "utf8"))}`;
/** Longest wait for the handshakes of one asking: a line that is merely slow still makes it. */
const HANDSHAKE_SECONDS = 5;
const LOGIN_SECONDS = 5;
/**
 * Handshakes at once. On a line of which half of the flows die, all of the first 3 come about in one of 8 cases, and none
 * of 2 and 6 more in one of 256: such an endpoint is called lost once in 2,000 changes.
 */
const TRIES = { before: 3, after: 2, again: 6 };

/** Asks every witness what it reaches. One that cannot be asked is told of and left out: it cannot lose what it has not. */
export async function takeBaseline(context: OperationContext, witnesses: readonly Witness[]): Promise<Baseline> {
    const taken = witnesses.map(async witness => {
        try {
            const tasks = witness.endpoints.map(endpoint => ({ ...endpoint, families: [...IP_FAMILIES] }));
            return { witness, reached: await answering(witness, tasks, TRIES.before, TRIES.before, context.signal) };
        } catch (error) {
            if (!(error instanceof HostError)) throw error;
            context.log("info", `${witness.name} is not asked what it reaches before the change. ${error.message}`);
            return { witness, reached: [] };
        }
    });
    return Promise.all(taken);
}

/** What witnesses reached before and do not reach any more, each as the end of a sentence. */
export async function lostSince(baseline: Baseline, signal: AbortSignal): Promise<string[]> {
    const lost = baseline.map(async ({ witness, reached }) => {
        if (reached.length === 0) return [];
        try {
            const missing = without(reached, await answering(witness, reached, TRIES.after, 1, signal));
            if (missing.length === 0) return [];
            return without(missing, await answering(witness, missing, TRIES.again, 1, signal)).flatMap(
                ({ host, port, families }) =>
                    families.map(family => `${witness.name} reached ${host}:${port} over ${WORDS[family]} before`),
            );
        } catch (error) {
            if (!(error instanceof HostError)) throw error;
            return [`${witness.name} itself could be reached before (${error.message.replace(/\.$/, "")})`];
        }
    });
    return (await Promise.all(lost)).flat();
}

const WORDS = { ipv4: "IPv4", ipv6: "IPv6" } as const;

/** The endpoints of which at least `needed` of `tries` handshakes came about, over a connection of its own. */
async function answering(
    { connection }: Witness,
    tasks: readonly Reached[],
    tries: number,
    needed: number,
    signal: AbortSignal,
): Promise<Reached[]> {
    const perDialTimeout = Math.min(connection.perDialTimeout, LOGIN_SECONDS);
    // Programs load this file too, and have no use for SSH.
    const { openSession } = await import("./ssh.ts");
    const session = await openSession({ ...connection, dialErrorLimit: 1, perDialTimeout }, signal);
    try {
        const stdin = JSON.stringify({ tasks, tries, seconds: HANDSHAKE_SECONDS });
        const timeoutMs = (HANDSHAKE_SECONDS + LOGIN_SECONDS) * 1000;
        const { code, stdout, stderr } = await session.exec(COMMAND, { stdin, timeoutMs, signal });
        if (code === 127) throw new HostError(session.host, "missing-program", "it has no python3.");
        if (code !== 0) throw new HostError(session.host, "step", `it cannot try handshakes: ${stderr.trim()}`);
        const counts = z.array(z.record(z.enum(IP_FAMILIES), z.int())).parse(JSON.parse(stdout));
        return tasks.flatMap(({ host, port, families }, index) => {
            const found = families.filter(family => counts[index]![family] >= needed);
            return found.length > 0 ? [{ host, port, families: found }] : [];
        });
    } finally {
        session.close();
    }
}

function without(all: readonly Reached[], found: readonly Reached[]): Reached[] {
    return all.flatMap(({ host, port, families }) => {
        const there = found.find(one => one.host === host && one.port === port)?.families ?? [];
        const left = families.filter(family => !there.includes(family));
        return left.length > 0 ? [{ host, port, families: left }] : [];
    });
}
