import Table from "cli-table3";

/** One measurement of one direction of one path. */
export interface Measurement {
    tool: string;
    direction: string;
    truth: number;
    found: number | null;
    probes: number;
    onTheWire: number;
    /** From starting the tool until its answer. */
    seconds: number;
}

/** Measurements of a kind, a line for each tool and direction, and how many times what the first tool needs they take. */
export function tallyTable(measurements: readonly Measurement[]): string {
    const table = new Table({
        head: [
            "tool",
            "direction",
            "exact",
            "too large",
            "probes",
            "most",
            "on the wire",
            "seconds",
            "most",
            "packets ÷",
            "seconds ÷",
        ],
        style: { head: [], border: [] },
        colAligns: ["left", "left", ...Array<"right">(9).fill("right")],
    });
    const base = new Map<string, Measurement[]>();
    for (const [key, group] of groups(measurements)) {
        const [tool, direction] = key.split("\t") as [string, string];
        if (!base.has(direction)) base.set(direction, group);
        const ours = base.get(direction)!;
        table.push([
            tool,
            direction,
            `${group.filter(({ truth, found }) => truth === found).length} of ${group.length}`,
            group.filter(({ truth, found }) => found !== null && found > truth).length,
            mean(group, "probes").toFixed(1),
            most(group, "probes"),
            mean(group, "onTheWire").toFixed(1),
            mean(group, "seconds").toFixed(2),
            most(group, "seconds").toFixed(2),
            (mean(group, "onTheWire") / mean(ours, "onTheWire")).toFixed(1),
            (mean(group, "seconds") / mean(ours, "seconds")).toFixed(1),
        ]);
    }
    return table.toString();
}

function groups(measurements: readonly Measurement[]): Map<string, Measurement[]> {
    const found = new Map<string, Measurement[]>();
    for (const measurement of measurements) {
        const key = `${measurement.tool}\t${measurement.direction}`;
        found.set(key, [...(found.get(key) ?? []), measurement]);
    }
    return found;
}

type Quantity = "probes" | "onTheWire" | "seconds";

function mean(group: readonly Measurement[], quantity: Quantity): number {
    return group.reduce((sum, measurement) => sum + measurement[quantity], 0) / group.length;
}

function most(group: readonly Measurement[], quantity: Quantity): number {
    return Math.max(...group.map(measurement => measurement[quantity]));
}
