import type { Connection } from "./connection.ts";
import type { HostSession } from "./session.ts";

/** What an operation of a resource may use while it runs. */
export interface OperationContext {
    urn: string;
    /** Opens, or reuses, the one SSH session that serves this host in this run. */
    session(connection: Connection): Promise<HostSession>;
    /** Shows a message to the user, under the resource. */
    log(severity: "debug" | "info" | "warning" | "error", message: string): void;
    /** Aborts when the engine cancels the run or the resource's custom timeout passes. */
    signal: AbortSignal;
}
