import type { Threshold } from "../../network/verdict/index.ts";
import type { ProbeAllOptions, ProbedHost } from "../../provider/probe/probeAll.ts";
import { LiveTable } from "./liveTable.ts";

/** How a run is shown while it goes on. */
export interface Progress {
    listeners: ProbeAllOptions;
    stopping(sentence: string): void;
    end(): void;
}

/** A table that is redrawn in place. */
export function liveProgress(hosts: readonly ProbedHost[], threshold: Threshold): Progress {
    const vantagePoints = hosts.map(({ vantagePoint }) => vantagePoint);
    const table = new LiveTable(process.stderr, { vantagePoints, threshold });
    return {
        listeners: {
            onHeard: (name, soFar) => table.heard(name, soFar),
            onEnd: (sentence, name) => table.ended(name, sentence),
        },
        stopping: sentence => table.footer(sentence),
        end: () => table.end(),
    };
}

/** A line as each host begins and ends. */
export function plainProgress(): Progress {
    const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
    return { listeners: { onBegin: name => say(`${name}: probing`), onEnd: say }, stopping: say, end: () => {} };
}
