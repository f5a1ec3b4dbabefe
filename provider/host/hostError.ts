/** Why a host could not be worked on, for code that must tell reasons apart. */
export type HostErrorReason =
    | "unreachable"
    | "no-such-host"
    | "refused"
    | "proxy"
    | "host-key"
    | "authentication"
    | "sudo"
    | "connection-lost"
    | "cancelled"
    | "missing-program"
    | "step"
    | "reverted";

/** A failure on a host. The message is what failed on which host, what state things are in, and what to do. */
export class HostError extends Error {
    readonly host: string;
    readonly reason: HostErrorReason;

    constructor(host: string, reason: HostErrorReason, message: string) {
        super(`${host}: ${message}`);
        this.name = "HostError";
        this.host = host;
        this.reason = reason;
    }
}

/** Whether the host may have finished what it was told although the connection broke. */
export function hasUnseenEnd(error: unknown): error is HostError {
    return error instanceof HostError && error.reason === "connection-lost";
}

/** Whether the error means that no host answers at that address any more. */
export function isGone(error: unknown): boolean {
    return error instanceof HostError && (error.reason === "unreachable" || error.reason === "no-such-host");
}
