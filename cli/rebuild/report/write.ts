import { join } from "node:path";
import { writeWhole } from "../../evidence/file.ts";
import { type JudgedMitigation, judgeMitigations } from "../mitigations/judge.ts";
import { proofOf } from "../proof.ts";
import type { Stage } from "../stage.ts";
import type { RebuildState } from "../state.ts";
import { rebuildMarkdown } from "./markdown.ts";
import { rebuildPage } from "./page.ts";

/** The one report of a run, by file name in its directory. */
export const REPORT = { page: "report.html", markdown: "report.md" } as const;

/** Writes the report as the run stands now. Returns what it says of the user's workarounds, once it can say anything. */
export async function writeReport(
    directory: string,
    state: RebuildState,
    stages: readonly Stage[],
): Promise<JudgedMitigation[] | undefined> {
    const proof = await proofOf(state, directory);
    const mitigations = proof && judgeMitigations(proof);
    await writeWhole(join(directory, REPORT.page), rebuildPage(state, stages, mitigations));
    await writeWhole(join(directory, REPORT.markdown), rebuildMarkdown(state, stages, mitigations));
    return mitigations;
}
