import type { ClientChannel, Client as SshClient } from "ssh2";
import type { Connection } from "./connection.ts";
import { dial } from "./dial.ts";
import { HostError } from "./hostError.ts";
import { quote } from "./quote.ts";
import type { CommandResult, ExecOptions, HostSession } from "./session.ts";

/** sshd allows ten channels on one connection by default (MaxSessions in sshd_config(5)). */
const CHANNELS = 8;
/** How long a connection that has just worked is not checked again. A host that lost power does not close it. */
const TRUSTED_MS = 3_000;
/** How long Clearpath then waits for an answer. */
const ANSWER_MS = 5_000;
/** More than one packet, because small packets still pass when an MTU on the path was changed. */
const PROOF_BYTES = 10_000;
/** What sudo says when it would need a password (sudo 1.8 and 1.9, in English: LC_ALL is C). */
const SUDO_NEEDS_PASSWORD = /sudo: (a password is required|a terminal is required|sorry, you must have a tty)/;

/** Opens an SSH session. Its commands run as root: directly, or through `sudo -n`. */
export async function openSession(connection: Connection, signal?: AbortSignal): Promise<HostSession> {
    return new SshSession(connection, await dial(connection, signal));
}

/** One SSH connection of a session. */
class Line {
    readonly client: SshClient;
    /** Why it is closed; undefined while it is open. */
    closed: string | undefined;
    commands = 0;
    heardAt = Date.now();

    constructor(client: SshClient) {
        this.client = client;
        client.on("error", error => {
            this.closed ??= error.message;
        });
        client.once("close", () => {
            this.closed ??= "the connection was closed";
        });
    }
}

class SshSession implements HostSession {
    readonly host: string;
    readonly #connection: Connection;
    readonly #waiting: (() => void)[] = [];
    #line: Line;
    #free = CHANNELS;
    /** Settles when the work that has the session to itself is done. */
    #alone: Promise<void> | undefined;

    constructor(connection: Connection, client: SshClient) {
        this.host = connection.host;
        this.#connection = connection;
        this.#line = new Line(client);
    }

    get alive(): boolean {
        return this.#line.closed === undefined;
    }

    answers(): Promise<boolean> {
        return this.#answers((command, options) => this.exec(command, options));
    }

    async #answers(exec: HostSession["exec"]): Promise<boolean> {
        if (!this.alive) return false;
        const isTrusted = this.#line.commands > 0 || Date.now() - this.#line.heardAt < TRUSTED_MS;
        if (isTrusted) return true;
        const proof = "x".repeat(PROOF_BYTES);
        const echo = await exec("cat", { stdin: proof, timeoutMs: ANSWER_MS }).catch(() => undefined);
        return echo?.stdout === proof;
    }

    async exec(command: string, options: ExecOptions = {}): Promise<CommandResult> {
        await this.#takeChannel();
        while (this.#alone !== undefined) {
            this.#giveChannel();
            await settledOr(this.#alone, options.signal);
            await this.#takeChannel();
            // A cancelled command is refused where it would start.
            if (options.signal?.aborted) break;
        }
        return this.#execute(command, options);
    }

    /** Runs a command on the channel that was reserved for it. */
    async #execute(command: string, options: ExecOptions): Promise<CommandResult> {
        const line = this.#line;
        line.commands++;
        try {
            const result = await this.#run(line, this.#asRoot(command), options);
            if (this.#connection.user !== "root") this.#refuseMissingSudo(result);
            return result;
        } finally {
            line.commands--;
            line.heardAt = Date.now();
            if (line !== this.#line && line.commands === 0) line.client.end();
            this.#giveChannel();
        }
    }

    async alone<T>(work: (session: HostSession) => Promise<T>): Promise<T> {
        while (this.#alone !== undefined) await this.#alone;
        const done = Promise.withResolvers<void>();
        this.#alone = done.promise;
        try {
            return await work(this.#holder());
        } finally {
            this.#alone = undefined;
            done.resolve();
        }
    }

    /** This session for the work that has it to itself. */
    #holder(): HostSession {
        const session = this;
        const exec: HostSession["exec"] = async (command, options = {}) => {
            await this.#takeChannel();
            return this.#execute(command, options);
        };
        return {
            host: this.host,
            get alive() {
                return session.alive;
            },
            answers: () => this.#answers(exec),
            exec,
            reconnect: options => this.reconnect(options),
            moveTo: fresh => this.moveTo(fresh),
            alone: work => work(this.#holder()),
            close: () => this.close(),
        };
    }

    moveTo(fresh: HostSession): void {
        if (!(fresh instanceof SshSession)) throw new TypeError("A session moves to one that its reconnect() opened.");
        const old = this.#line;
        this.#line = fresh.#line;
        if (old.commands === 0) old.client.end();
    }

    reconnect(options: { timeoutSeconds?: number; signal?: AbortSignal } = {}): Promise<HostSession> {
        const perDialTimeout = options.timeoutSeconds ?? this.#connection.perDialTimeout;
        return openSession({ ...this.#connection, dialErrorLimit: 1, perDialTimeout }, options.signal);
    }

    close(): void {
        this.#line.client.end();
    }

    async #takeChannel(): Promise<void> {
        while (this.#free === 0) await new Promise<void>(resolve => this.#waiting.push(resolve));
        this.#free--;
    }

    #giveChannel(): void {
        this.#free++;
        this.#waiting.shift()?.();
    }

    #asRoot(command: string): string {
        const sh = `sh -c ${quote(command)}`;
        return this.#connection.user === "root" ? sh : `LC_ALL=C sudo -n ${sh}`;
    }

    #refuseMissingSudo({ code, stderr }: CommandResult): void {
        if (code === 127 && /sudo: (command )?not found/.test(stderr))
            throw this.#error("sudo", "it has no sudo. Nothing was changed. Install sudo, or connect as root.");
        if (code === 1 && (SUDO_NEEDS_PASSWORD.test(stderr) || /is not (in the sudoers file|allowed to)/.test(stderr)))
            throw this.#error(
                "sudo",
                `user ${this.#connection.user} may not use sudo without a password. Nothing was changed. Give the user NOPASSWD in sudoers, or connect as root.`,
            );
    }

    #error(reason: "sudo" | "connection-lost" | "cancelled", message: string): HostError {
        return new HostError(this.host, reason, message);
    }

    #run(line: Line, command: string, options: ExecOptions): Promise<CommandResult> {
        return new Promise((resolve, reject) => {
            if (line.closed !== undefined) return reject(this.#lost(line.closed));
            let timer: NodeJS.Timeout | undefined;
            let open: ClientChannel | undefined;
            const settle = (finish: () => void) => {
                clearTimeout(timer);
                line.client.removeListener("close", onClose);
                options.signal?.removeEventListener("abort", onAbort);
                finish();
            };
            const giveUp = (error: HostError) => {
                open?.destroy();
                settle(() => reject(error));
            };
            const onClose = () => giveUp(this.#lost(line.closed ?? "the connection was closed"));
            const onAbort = () => giveUp(this.#error("cancelled", "the run was cancelled."));
            if (options.signal?.aborted) return onAbort();
            line.client.once("close", onClose);
            options.signal?.addEventListener("abort", onAbort, { once: true });
            line.client.exec(command, (error, channel) => {
                if (error) return giveUp(this.#lost(error.message));
                open = channel;
                if (options.timeoutMs !== undefined) {
                    const late = `a command did not end within ${options.timeoutMs / 1000} s`;
                    timer = setTimeout(() => giveUp(this.#lost(late)), options.timeoutMs);
                }
                const stdout = new LineReader(options.onLine);
                const stderr = new LineReader(undefined);
                let code = -1;
                channel.on("data", (chunk: Buffer) => stdout.push(chunk));
                channel.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
                channel.on("exit", (status: number | null) => {
                    code = status ?? -1;
                });
                channel.on("close", () => settle(() => resolve({ code, stdout: stdout.end(), stderr: stderr.end() })));
                channel.end(options.stdin ?? "");
            });
        });
    }

    #lost(why: string): HostError {
        return this.#error("connection-lost", `the SSH connection broke: ${why}.`);
    }
}

/** Waits for a promise that never rejects, or until the signal aborts. */
function settledOr(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return promise;
    return new Promise(resolve => {
        if (signal.aborted) return resolve();
        const done = () => {
            signal.removeEventListener("abort", done);
            resolve();
        };
        signal.addEventListener("abort", done);
        promise.then(done);
    });
}

/** Collects output, or hands it on line by line. */
class LineReader {
    readonly #onLine: ((line: string) => void) | undefined;
    readonly #decoder = new TextDecoder();
    #text = "";

    constructor(onLine: ((line: string) => void) | undefined) {
        this.#onLine = onLine;
    }

    push(chunk: Buffer): void {
        this.#text += this.#decoder.decode(chunk, { stream: true });
        if (this.#onLine === undefined) return;
        const lines = this.#text.split("\n");
        this.#text = lines.pop()!;
        for (const line of lines) this.#onLine(line);
    }

    /** The text that was not handed on. A last line without a line feed counts as a line. */
    end(): string {
        if (this.#onLine === undefined) return this.#text;
        if (this.#text !== "") this.#onLine(this.#text);
        return "";
    }
}
