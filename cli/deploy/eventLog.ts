import { open } from "node:fs/promises";
import type { PulumiEvent } from "./pulumiEvents.ts";

/** How often a growing log is looked at, in milliseconds. */
const INTERVAL_MS = 100;

/**
 * Reads a log of JSON lines while another process writes it. `onUnreadable` is called for each line that is no event: its
 * text is kept back, because it may hold a secret. Returns what ends the reading: it takes in what is still there, and
 * resolves when every line was handed over, or rejects with what stopped the reading.
 */
export function followLog(
    file: string,
    onEvent: (event: PulumiEvent) => void,
    onUnreadable: () => void,
): () => Promise<void> {
    let position = 0;
    let rest = "";
    let ended = false;
    const takeIn = async () => {
        const handle = await open(file, "r").catch(() => undefined);
        if (handle === undefined) return;
        try {
            const buffer = Buffer.alloc(256 * 1024);
            for (;;) {
                const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
                if (bytesRead === 0) return;
                position += bytesRead;
                const lines = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
                rest = lines.pop()!;
                for (const line of lines) {
                    const event = eventIn(Buffer.from(line, "latin1").toString("utf8"));
                    if (event === undefined) onUnreadable();
                    else onEvent(event);
                }
            }
        } finally {
            await handle.close();
        }
    };
    const following = (async () => {
        while (!ended) {
            await takeIn();
            await new Promise(resolve => setTimeout(resolve, INTERVAL_MS));
        }
        await takeIn();
    })();
    // Whoever ends the reading hears of a failure. Until then nobody waits for it, and Node would end the process.
    following.catch(() => {});
    return () => {
        ended = true;
        return following;
    };
}

/** The event of a line; undefined when the line is no JSON object. */
function eventIn(line: string): PulumiEvent | undefined {
    try {
        const value: unknown = JSON.parse(line);
        return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
    } catch {
        return undefined;
    }
}
