/** The result of a finished command. */
export interface CommandResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface ExecOptions {
    /** Sent to the command's standard input, which is then closed. */
    stdin?: string | Uint8Array;
    /** Called with each complete line of standard output as it arrives; the result's `stdout` is then empty. */
    onLine?: (line: string) => void;
    timeoutMs?: number;
    signal?: AbortSignal;
}

/** An SSH session to one host whose key is verified. Commands run as root: through sudo when the user is not root. */
export interface HostSession {
    /** Name for messages: the connection's host. */
    readonly host: string;
    /** False once the connection broke or was closed. */
    readonly alive: boolean;
    /** Whether the host still answers. It is asked only when nothing came from it for some seconds. */
    answers(): Promise<boolean>;
    /**
     * Runs `command` with the host's `sh`. The command is a constant: values go through stdin or the quoting function. An
     * exit code that is not zero is a result. Throws a HostError when the connection is lost.
     */
    exec(command: string, options?: ExecOptions): Promise<CommandResult>;
    /** Opens another, new connection to the same host, to prove that one can. The caller closes it. */
    reconnect(options?: { timeoutSeconds?: number; signal?: AbortSignal }): Promise<HostSession>;
    /**
     * Continues over a connection that `reconnect` has opened, for all who use this session. TCP agrees on segment sizes
     * once, so a connection from before an MTU change may stall after it. The old one closes after its last command.
     */
    moveTo(fresh: HostSession): void;
    /**
     * Does work during which no other command of this session starts: a command that is sent while an MTU changes would
     * stall, and break the connection. The work sends its own commands over the session that it is given.
     */
    alone<T>(work: (session: HostSession) => Promise<T>): Promise<T>;
    close(): void;
}
