import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Connection } from "../../provider/host/connection.ts";
import { HostError } from "../../provider/host/hostError.ts";
import { parsePublicKeys } from "../../provider/host/hostKey.ts";
import { quote } from "../../provider/host/quote.ts";
import type { ExecOptions, HostSession } from "../../provider/host/session.ts";
import { openSession } from "../../provider/host/ssh.ts";
import { enrolHostKeys, keyPlaceOf, noteVerified, placeInWords } from "./enrol.ts";
import type { StackNode } from "./nodes.ts";
import type { NewHost, Retry } from "./state.ts";

const PAUSE_MS = 2_000;
const DIAL_SECONDS = 5;
const KEY_COMMAND_MS = 30_000;
/** How long a host may take to say what it is: longer than it takes while it is still starting services. */
const LOOK_MS = 30_000;

/** A host that is booting answers in these ways until it is ready. */
const COMING_UP: ReadonlySet<string> = new Set(["unreachable", "no-such-host", "refused", "connection-lost", "proxy"]);

export interface Meeting {
    node: StackNode;
    /** machine-id of the host that had this name before, if it is known. */
    formerMachineId: string | undefined;
    keepsMachineId: boolean;
    /** Prints a host's present public key; undefined when the user enrols keys in another way. */
    hostKeyCommand: string | undefined;
    /** Pulumi.STACK.yaml, where keys may stand. */
    stackFile: string;
    /** known_hosts file of this run, for keys that the stack's state does not know yet. */
    verifiedKeys: string;
    /** Where the command runs. */
    directory: string;
    /** By `Date.now()`. */
    deadline: number;
    say(line: string): void;
    signal: AbortSignal;
}

/** What came of waiting for a host. */
export interface Met {
    host: NewHost;
    retries: Retry[];
}

/**
 * Waits until a new host answers by SSH with a host key that is known to be its own, and looks at it. Throws a HostError
 * when it does not come in time, shows a key that nobody vouches for, or is not new.
 */
export async function meet(meeting: Meeting): Promise<Met> {
    const { node, say, signal } = meeting;
    const began = Date.now();
    const waits = new Map<string, number>();
    let connection = node.connection;
    for (;;) {
        signal.throwIfAborted();
        const failure = await attempt(meeting, connection);
        if (!(failure instanceof HostError)) {
            const seconds = (Date.now() - began) / 1000;
            const keyFrom = placeInWords(keyPlaceOf(connection));
            const host = { name: node.name, keyFrom, waitedSeconds: Math.round(seconds), ...failure };
            refuseFormer(meeting, host.machineId);
            if (connection.hostKey !== undefined) await noteVerified(connection, meeting.verifiedKeys);
            const retries = [...waits].map(([why, count]) => ({ what: `connecting to ${node.name}`, count, why }));
            return { host, retries };
        }
        if (failure.reason === "host-key") connection = await enrolled(meeting, failure);
        else if (!COMING_UP.has(failure.reason) && failure.reason !== "authentication") throw failure;
        if (!waits.has(failure.reason)) say(`${node.name}: waiting: ${failure.message}`);
        waits.set(failure.reason, (waits.get(failure.reason) ?? 0) + 1);
        if (Date.now() + PAUSE_MS > meeting.deadline) throw tooLate(failure, began);
        await sleep(PAUSE_MS, undefined, { signal });
    }
}

async function attempt(
    { node, signal }: Meeting,
    args: StackNode["connection"],
): Promise<Pick<NewHost, "machineId" | "linkMtu" | "k3s"> | HostError> {
    const connection = Connection.parse({ ...args, dialErrorLimit: 1, perDialTimeout: DIAL_SECONDS });
    let session: HostSession | undefined;
    try {
        session = await openSession(connection, signal);
        return await look(session, node.link, { timeoutMs: LOOK_MS, signal });
    } catch (error) {
        if (error instanceof HostError) return error;
        throw error;
    } finally {
        session?.close();
    }
}

/** What the host is before anything is changed on it: its machine-id, its link's MTU, and whether K3s already runs. */
async function look(
    session: HostSession,
    link: string,
    limits: ExecOptions,
): Promise<Pick<NewHost, "machineId" | "linkMtu" | "k3s">> {
    const { stdout } = await session.exec(
        `cat /etc/machine-id || echo; cat /sys/class/net/${quote(link)}/mtu 2>/dev/null || echo; ` +
            "systemctl is-active --quiet k3s || systemctl is-active --quiet k3s-agent && echo running && exit; " +
            "systemctl cat k3s >/dev/null 2>&1 || systemctl cat k3s-agent >/dev/null 2>&1 && echo stopped && exit; echo absent",
        limits,
    );
    const [machineId = "", mtu = "", k3s = ""] = stdout.split("\n");
    return {
        machineId,
        linkMtu: /^\d+$/.test(mtu) ? Number(mtu) : null,
        k3s: k3s === "running" || k3s === "stopped" ? k3s : "absent",
    };
}

/**
 * The connection with the key that the user's command vouches for. Without a command, keys are enrolled by whoever built
 * the host, and one that is not there yet is not going to come by waiting.
 */
async function enrolled({ node, hostKeyCommand, stackFile, directory, say, signal }: Meeting, failure: HostError) {
    const place = keyPlaceOf(node.connection);
    if (place.kind === "command") return node.connection;
    if (hostKeyCommand === undefined)
        throw new HostError(
            node.name,
            "host-key",
            `its new host key is not in ${placeInWords(place)}. ${failure.message} Or set hostKeyCommand in the plan to a command that gets the key by a way you trust, and continue with --resume.`,
        );
    const { host, port = 22 } = node.connection;
    const env = { ...process.env, CLEARPATH_HOST: host, CLEARPATH_PORT: String(port), CLEARPATH_NODE: node.name };
    const printed = await promisify(execFile)("sh", ["-c", hostKeyCommand], {
        env,
        cwd: directory,
        timeout: KEY_COMMAND_MS,
        signal,
    }).catch((error: Error & { stderr?: string; killed?: boolean }) => {
        signal.throwIfAborted();
        const late = error.killed ? `it took more than ${KEY_COMMAND_MS / 1000} seconds` : undefined;
        const said = late ?? (error.stderr?.trim().split("\n").at(-1) || error.message);
        say(`${node.name}: hostKeyCommand gave no key yet: ${said}`);
        return { stdout: "" };
    });
    const keys = parsePublicKeys(printed.stdout);
    if (keys.length === 0) return node.connection;
    await enrolHostKeys(node, keys, stackFile);
    say(`${node.name}: the key that hostKeyCommand printed was written to ${placeInWords(place)}`);
    if (place.kind !== "configuration") return node.connection;
    return { ...node.connection, hostKey: keys.map(({ type, base64 }) => `${type} ${base64}`).join("\n") };
}

function refuseFormer({ node, formerMachineId, keepsMachineId }: Meeting, machineId: string): void {
    if (keepsMachineId || formerMachineId === undefined || machineId !== formerMachineId) return;
    throw new HostError(
        node.name,
        "step",
        `it was not rebuilt: its machine-id ${machineId} is the same as before \`destroy\`. Nothing was changed on it. Destroy and rebuild it, and continue with --resume; if your new VMs keep their machine-id, set keepsMachineId in the plan.`,
    );
}

function tooLate({ host, reason, message }: HostError, began: number): HostError {
    const minutes = ((Date.now() - began) / 60_000).toFixed(1);
    const said = message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message;
    return new HostError(
        host,
        reason,
        `it did not come up within ${minutes} minutes: ${said} If it needs longer, raise waitMinutes in the plan. Continue with --resume.`,
    );
}
