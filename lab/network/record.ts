import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scenario } from "./scenario.ts";
import { labPaths } from "./topology.ts";

/** What is kept of a running lab, for other processes to find it by. */
export interface LabRecord {
    scenario: Scenario;
    workers: number;
    /** Whether there is a host for a pull-through cache beside the cluster. */
    cacheHost: boolean;
    /** Directories under every host's disk, topmost first. */
    layers: string[];
}

const recordFile = (instance: string) => join(labPaths(instance).run, "lab.json");

export async function writeRecord(instance: string, record: LabRecord): Promise<void> {
    const file = recordFile(instance);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(record, null, 2));
}

export function readRecord(instance: string): LabRecord | undefined {
    const file = recordFile(instance);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LabRecord) : undefined;
}
