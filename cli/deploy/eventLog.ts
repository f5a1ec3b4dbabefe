import { open } from "node:fs/promises";
import type { PulumiEvent } from "./pulumiEvents.ts";

/** How often a growing log is looked at, in milliseconds. */
const INTERVAL_MS = 100;

/**
 * Reads a log of JSON lines while another process writes it. Returns what ends the reading: it takes in what is still
 * there, and resolves when every line was handed over.
 */
export function followLog(file: string, onEvent: (event: PulumiEvent) => void): () => Promise<void> {
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
                for (const line of lines) onEvent(JSON.parse(Buffer.from(line, "latin1").toString("utf8")));
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
    return () => {
        ended = true;
        return following;
    };
}
