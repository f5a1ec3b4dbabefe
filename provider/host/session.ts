/** What a finished command left behind. */
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

/** An SSH session to one host, with its key verified. Everything runs as root, through sudo where the user is not. */
export interface HostSession {
    /** Name for messages: the connection's host. */
    readonly host: string;
    /** False once the connection broke or was closed. */
    readonly alive: boolean;
    /** Whether the host still answers. It is asked only when nothing was heard of it for some seconds. */
    answers(): Promise<boolean>;
    /**
     * Runs `command` with the host's `sh`. The command is a constant of our own: values travel by stdin or through
     * the quoting function. A non-zero code is a result, not an exception; a lost connection is an exception.
     */
    exec(command: string, options?: ExecOptions): Promise<CommandResult>;
    /** Opens another, new connection to the same host, to prove that one can. The caller closes it. */
    reconnect(options?: { timeoutSeconds?: number; signal?: AbortSignal }): Promise<HostSession>;
    /**
     * Goes on over a connection that `reconnect` has opened, for everyone who holds this session. TCP agrees on segment
     * sizes once, so a connection from before an MTU change may stall after it. The old one ends with its last command.
     */
    moveTo(fresh: HostSession): void;
    /**
     * Does work during which no other command of this session starts: one sent in the moment of an MTU change would
     * stall, and take the connection with it. The work's own commands go over the session it is given.
     */
    alone<T>(work: (session: HostSession) => Promise<T>): Promise<T>;
    close(): void;
}
