import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { withoutSecrets } from "../../network/evidence/withoutSecrets.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import { VantageReport } from "../../network/probe/report.ts";
import { secretsOf } from "../host/secretsOf.ts";

/** Environment variable that names the directory for whole reports of probes, with every connection. */
export const REPORTS_VARIABLE = "CLEARPATH_REPORTS";

/** A whole report; a stack's state has it without its single connections. */
export const KeptReport = z.object({ plan: ProbePlan, report: VantageReport });
export type KeptReport = z.infer<typeof KeptReport>;

/** A vantage point that was asked to report. */
export const AskedProbe = z.object({ vantagePoint: z.string() });
export type AskedProbe = z.infer<typeof AskedProbe>;

/** Ending of the files that name the vantage points that were asked; files of reports end in `.json`. */
export const ASKED = ".asked";

/** Writes a file that says that a vantage point is asked to report, so that a missing report can be noticed. */
export async function noteAsked(asked: AskedProbe): Promise<void> {
    const directory = process.env[REPORTS_VARIABLE];
    if (directory) await writeFile(join(directory, `${asked.vantagePoint}${ASKED}`), JSON.stringify(asked));
}

/** Writes a whole report, without secrets, if the environment variable names a directory for it. */
export async function keepReport(kept: KeptReport, connection: unknown): Promise<void> {
    const directory = process.env[REPORTS_VARIABLE];
    if (!directory) return;
    const text = JSON.stringify(withoutSecrets(kept, secretsOf(connection)));
    await writeFile(join(directory, `${kept.report.vantagePoint}.json`), text);
}
