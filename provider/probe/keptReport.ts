import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { withoutSecrets } from "../../network/evidence/withoutSecrets.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import { VantageReport } from "../../network/probe/report.ts";
import { secretsOf } from "../host/secretsOf.ts";

/** Names the directory in which whoever started the engine wants the reports of probes, with every connection. */
export const REPORTS_VARIABLE = "CLEARPATH_REPORTS";

/** A report that a stack's state holds without its single connections. */
export const KeptReport = z.object({ plan: ProbePlan, report: VantageReport });
export type KeptReport = z.infer<typeof KeptReport>;

/** A vantage point that was asked to report. */
export const AskedProbe = z.object({ vantagePoint: z.string() });
export type AskedProbe = z.infer<typeof AskedProbe>;

/** How the files of vantage points that were asked end; those of reports end in `.json`. */
export const ASKED = ".asked";

/** Notes that a vantage point is asked to report, so that whoever wants the reports knows which one is missing. */
export async function noteAsked(asked: AskedProbe): Promise<void> {
    const directory = process.env[REPORTS_VARIABLE];
    if (directory) await writeFile(join(directory, `${asked.vantagePoint}${ASKED}`), JSON.stringify(asked));
}

/** Keeps a whole report, without secrets, for whoever asked for it by the environment. */
export async function keepReport(kept: KeptReport, connection: unknown): Promise<void> {
    const directory = process.env[REPORTS_VARIABLE];
    if (!directory) return;
    const text = JSON.stringify(withoutSecrets(kept, secretsOf(connection)));
    await writeFile(join(directory, `${kept.report.vantagePoint}.json`), text);
}
