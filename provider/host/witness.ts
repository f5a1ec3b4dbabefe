import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { FAMILY_NAMES, IP_FAMILIES, type IpFamily } from "../../network/family.ts";
import { Connection } from "./connection.ts";
import { HostError } from "./hostError.ts";
import type { OperationContext } from "./operationContext.ts";
import { quote } from "./quote.ts";

/** A host that loses its way to the internet when a change, on this host or another one, goes wrong. */
export const Witness = z.strictObject({
    name: z.string().min(1).describe("Name of the host in messages."),
    connection: Connection,
    endpoints: z
        .array(z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65535) }))
        .describe("Services that the host may reach, by host name and TCP port."),
});
export type Witness = z.infer<typeof Witness>;

interface Reached {
    host: string;
    port: number;
    families: IpFamily[];
}

const COMMAND = `exec python3 -c ${quote(readFileSync(new URL("./reach.py", import.meta.url), "utf8"))}`;
/** Longest wait for the handshakes before the change. Those after it may take the rest of the window. */
const LONGEST_HANDSHAKE_SECONDS = 5;
/** Two logins and two rounds of handshakes must fit into the time that a host waits for the confirmation. */
const SHARE_OF_WINDOW = 1 / 6;
const LOGIN_SECONDS = 5;
const RETRY_PAUSE_MS = 500;
/**
 * Handshakes that are tried at once, and how many of them must be answered. On a line that loses half of the flows, all
 * of the first 3 are answered in one case of 8, and none of the 2 and 6 later ones in one case of 256. So an endpoint
 * behind that line is wrongly called lost once in 2,000 changes.
 */
const BEFORE = { tries: 3, needed: 3 };
const AFTER = { tries: 2, needed: 1 };
const AGAIN = { tries: 6, needed: 1 };

/** The endpoints that witnesses reach before a change: those that answered every handshake. */
export class Baseline {
    readonly #reached: readonly { witness: Witness; reached: readonly Reached[] }[];
    readonly #seconds: number;

    private constructor(reached: readonly { witness: Witness; reached: readonly Reached[] }[], seconds: number) {
        this.#reached = reached.filter(({ reached }) => reached.length > 0);
        this.#seconds = seconds;
    }

    /** Asks every witness. A witness that cannot be asked is named in a message and left out. */
    static async take(
        context: OperationContext,
        witnesses: readonly Witness[],
        confirmSeconds: number,
    ): Promise<Baseline> {
        const seconds = Math.min(LONGEST_HANDSHAKE_SECONDS, confirmSeconds * SHARE_OF_WINDOW);
        const asked = witnesses.map(async witness => {
            const all = witness.endpoints.map(endpoint => ({ ...endpoint, families: [...IP_FAMILIES] }));
            try {
                return { witness, reached: await answering(witness, all, { ...BEFORE, seconds }, context.signal) };
            } catch (error) {
                if (!(error instanceof HostError)) throw error;
                context.log("info", `${witness.name} is not asked what it reaches before the change. ${error.message}`);
                return { witness, reached: [] };
            }
        });
        return new Baseline(await Promise.all(asked), seconds);
    }

    /**
     * The endpoints that are no longer reached, each as a clause of a sentence. An endpoint that does not answer at
     * once has until the deadline, in milliseconds since the epoch, because slow is not lost. The result is not valid
     * once the signal has aborted.
     */
    async lost(deadline: number, signal: AbortSignal): Promise<string[]> {
        const lost = this.#reached.map(async ({ witness, reached }) => {
            let missing: readonly Reached[] = reached;
            let seconds = this.#seconds;
            let how = AFTER;
            for (;;) {
                try {
                    missing = without(missing, await answering(witness, missing, { ...how, seconds }, signal));
                    if (missing.length === 0) return [];
                    if (how === AGAIN) return missing.flatMap(endpoint => clausesOf(witness, endpoint));
                } catch (error) {
                    if (!(error instanceof HostError)) throw error;
                    if (signal.aborted || secondsUntil(deadline) < LOGIN_SECONDS)
                        return [`${witness.name} itself could be reached before (${error.message.replace(/\.$/, "")})`];
                    await sleep(RETRY_PAUSE_MS);
                }
                how = AGAIN;
                seconds = Math.max(this.#seconds, secondsUntil(deadline) - LOGIN_SECONDS);
            }
        });
        return (await Promise.all(lost)).flat();
    }
}

function secondsUntil(deadline: number): number {
    return (deadline - Date.now()) / 1000;
}

function clausesOf(witness: Witness, { host, port, families }: Reached): string[] {
    return families.map(family => `${witness.name} reached ${host}:${port} over ${FAMILY_NAMES[family]} before`);
}

/** Asks the witness, over a new connection, which endpoints answer. Throws a HostError when it cannot be asked. */
async function answering(
    { connection }: Witness,
    tasks: readonly Reached[],
    how: { tries: number; needed: number; seconds: number },
    signal: AbortSignal,
): Promise<Reached[]> {
    // Pulumi programs load this file too, and do not need SSH.
    const { openSession } = await import("./ssh.ts");
    const session = await openSession(impatient(connection), signal);
    try {
        const stdin = JSON.stringify({ tasks, ...how });
        const timeoutMs = (how.seconds + LOGIN_SECONDS) * 1000;
        const { code, stdout, stderr } = await session.exec(COMMAND, { stdin, timeoutMs, signal });
        if (code === 127) throw new HostError(session.host, "missing-program", "it has no python3.");
        const families = code === 0 ? familiesOf(stdout) : undefined;
        if (families?.length !== tasks.length)
            throw new HostError(
                session.host,
                "step",
                `it could not try TLS handshakes: ${stderr.trim() || `code ${code}`}.`,
            );
        return tasks
            .map(({ host, port }, index) => ({ host, port, families: families[index]! }))
            .filter(({ families }) => families.length > 0);
    } finally {
        session.close();
    }
}

/** The same connection with one short try. */
function impatient({ proxy, ...connection }: Connection): Connection {
    const soon = { dialErrorLimit: 1, perDialTimeout: Math.min(connection.perDialTimeout, LOGIN_SECONDS) };
    return { ...connection, ...soon, ...(proxy && { proxy: { ...proxy, ...soon } }) };
}

function familiesOf(stdout: string): IpFamily[][] | undefined {
    try {
        return z.array(z.array(z.enum(IP_FAMILIES))).parse(JSON.parse(stdout));
    } catch {
        return undefined;
    }
}

function without(all: readonly Reached[], found: readonly Reached[]): Reached[] {
    return all.flatMap(({ host, port, families }) => {
        const there = found.find(one => one.host === host && one.port === port)?.families ?? [];
        const left = families.filter(family => !there.includes(family));
        return left.length > 0 ? [{ host, port, families: left }] : [];
    });
}
