import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MssSearch } from "../../network/mssSearch.ts";
import { verdictOf } from "../../network/verdict/index.ts";
import { KeptReport, REPORTS_VARIABLE } from "../../provider/probe/keptReport.ts";
import { evidenceOf } from "../evidence/evidenceOf.ts";
import { writeEvidence } from "../evidence/file.ts";
import { type DeployOptions, type DeployResult, deploy } from "./deploy.ts";

/** A run, and the evidence file of its probes where it had any. */
export interface RunWithEvidence {
    result: DeployResult;
    /** Undefined where no probe ran. */
    write?: (directory: string, search: MssSearch | undefined) => Promise<string>;
}

/** Carries out a deploy and gathers what its probes found, with every connection: the state keeps only sums. */
export async function deployWithEvidence(options: DeployOptions): Promise<RunWithEvidence> {
    const reports = await mkdtemp(join(tmpdir(), "clearpath-reports-"));
    const startedAt = new Date();
    try {
        const env = { ...(options.env ?? process.env), [REPORTS_VARIABLE]: reports };
        const result = await deploy({ ...options, env });
        const kept = await keptIn(reports);
        if (kept.length === 0) return { result };
        const endedAt = new Date();
        return { result, write: (directory, search) => write(directory, search, { kept, startedAt, endedAt }) };
    } finally {
        await rm(reports, { recursive: true, force: true });
    }

    async function write(
        directory: string,
        search: MssSearch | undefined,
        { kept, startedAt, endedAt }: { kept: KeptReport[]; startedAt: Date; endedAt: Date },
    ): Promise<string> {
        const reports = kept.map(({ report }) => report);
        const found = { reports, verdict: verdictOf(reports), unprobed: [] };
        const notes = [`Probes of an up of stack ${options.stack}.`, ...(search ? [stepNote(search)] : [])];
        const name = `${options.stack}-${startedAt.toISOString().replace(/[:.]/g, "-")}.json.gz`;
        await mkdir(directory, { recursive: true });
        const path = join(directory, name);
        await writeEvidence(path, evidenceOf(found, { plan: kept[0]!.plan, startedAt, endedAt, notes }));
        return path;
    }
}

/** What an evidence file says of the search's last step. */
function stepNote({ steps }: MssSearch): string {
    const { mss, sentence } = steps.at(-1)!;
    return `Step ${steps.length} of the MSS search: IPv4 ${mss.ipv4 ?? "not clamped"}, IPv6 ${mss.ipv6 ?? "not clamped"}. ${sentence}`;
}

async function keptIn(directory: string): Promise<KeptReport[]> {
    const files = (await readdir(directory)).toSorted();
    return Promise.all(
        files.map(async file => KeptReport.parse(JSON.parse(await readFile(join(directory, file), "utf8")))),
    );
}
