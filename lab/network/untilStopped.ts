import { constants } from "node:os";
import { labDown } from "./lab.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does a job on the lab. Ctrl-C, or being told to end, takes the lab down and ends this process; a terminal sends the
 * signal to every process of the command, so it may well come twice. The job's own signal tells it that its lab is
 * going, and that nothing it sees from then on means anything.
 */
export async function untilStopped<T>(
    job: (stopped: AbortSignal) => Promise<T>,
    down: () => Promise<void> = labDown,
): Promise<T> {
    const stopped = new AbortController();
    let stopping: Promise<never> | undefined;
    const stop = (signal: (typeof SIGNALS)[number]) => {
        stopped.abort(new Error(`stopped by ${signal}`));
        stopping ??= takeDown(signal, down);
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    try {
        const done = await job(stopped.signal);
        if (stopping) await stopping;
        return done;
    } catch (error) {
        // The job lost its lab; there is nothing to say about that.
        if (stopping) await stopping;
        throw error;
    } finally {
        for (const signal of SIGNALS) process.off(signal, stop);
    }
}

async function takeDown(signal: (typeof SIGNALS)[number], down: () => Promise<void>): Promise<never> {
    process.stderr.write(`\n${signal}: taking the lab down\n`);
    try {
        await down();
    } catch (error) {
        process.stderr.write(`clearpath: ${(error as Error).message}\n`);
    }
    process.exit(128 + constants.signals[signal]);
}
