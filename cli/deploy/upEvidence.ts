import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MssSearch } from "../../network/mssSearch.ts";
import { verdictOf } from "../../network/verdict/index.ts";
import { ASKED, AskedProbe, KeptReport, REPORTS_VARIABLE } from "../../provider/probe/keptReport.ts";
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
export async function deployWithEvidence(options: DeployOptions, carryOut = deploy): Promise<RunWithEvidence> {
    const reports = await mkdtemp(join(tmpdir(), "clearpath-reports-"));
    const startedAt = new Date();
    try {
        const env = { ...(options.env ?? process.env), [REPORTS_VARIABLE]: reports };
        const result = await carryOut({ ...options, env });
        const probes = await probesIn(reports);
        if (probes.kept.length === 0) return { result };
        const endedAt = new Date();
        return { result, write: (directory, search) => write(directory, search, { ...probes, startedAt, endedAt }) };
    } finally {
        await rm(reports, { recursive: true, force: true });
    }

    async function write(
        directory: string,
        search: MssSearch | undefined,
        { kept, asked, startedAt, endedAt }: Probes & { startedAt: Date; endedAt: Date },
    ): Promise<string> {
        const { plan } = kept[0]!;
        const reports = kept.map(({ report }) => report);
        const verdict = verdictOf(reports, { vantagePoints: asked, threshold: plan.stability });
        const unprobed = asked
            .filter(name => !reports.some(({ vantagePoint }) => vantagePoint === name))
            .map(vantagePoint => ({
                vantagePoint,
                reason: `${vantagePoint}: its probe did not end, so there is no report of it. Read the errors of the up, and run it again.`,
            }));
        const found = { reports, verdict, unprobed };
        const notes = [`Probes of an up of stack ${options.stack}.`, ...(search ? [stepNote(search)] : [])];
        const name = `${options.stack}-${startedAt.toISOString().replace(/[:.]/g, "-")}.json.gz`;
        await mkdir(directory, { recursive: true });
        const path = join(directory, name);
        await writeEvidence(path, evidenceOf(found, { plan, startedAt, endedAt, notes }));
        return path;
    }
}

/** What an evidence file says of the search's last step. */
function stepNote({ steps }: MssSearch): string {
    const { mss, sentence } = steps.at(-1)!;
    return `Step ${steps.length} of the MSS search: IPv4 ${mss.ipv4 ?? "not clamped"}, IPv6 ${mss.ipv6 ?? "not clamped"}. ${sentence}`;
}

/** What the probes of an up left: their reports, and the names of all that were asked for one. */
interface Probes {
    kept: KeptReport[];
    asked: string[];
}

async function probesIn(directory: string): Promise<Probes> {
    const files = (await readdir(directory)).toSorted();
    const contents = (chosen: string[]): Promise<unknown[]> =>
        Promise.all(chosen.map(async file => JSON.parse(await readFile(join(directory, file), "utf8"))));
    const asked = await contents(files.filter(file => file.endsWith(ASKED)));
    const kept = await contents(files.filter(file => !file.endsWith(ASKED)));
    return {
        kept: kept.map(content => KeptReport.parse(content)),
        asked: asked.map(content => AskedProbe.parse(content).vantagePoint),
    };
}
