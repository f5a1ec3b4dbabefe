import type { FailureKind } from "../probe/report.ts";
import type { Trouble } from "./observation.ts";

/** How a connection ends whose large packets vanish: TCP has connected, since its handshake is small, and then nothing comes. */
export const STALLS: readonly FailureKind[] = ["tls-timeout", "first-byte-timeout", "body-timeout"];

/** Whether connections stalled, or came through only after seconds, as TCP does that finds its way around a hole. */
export function isStall(trouble: Trouble): boolean {
    return trouble === "slow" || (STALLS as readonly Trouble[]).includes(trouble);
}
