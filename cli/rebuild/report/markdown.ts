import { fenced, plain, table } from "../../evidence/markdown.ts";
import { ANSWER_IN_WORDS, type JudgedMitigation } from "../mitigations/judge.ts";
import type { Stage } from "../stage.ts";
import { isOver, outcomeOf, type RebuildState, stageOf } from "../state.ts";
import { durationOf, headline, retriesOf } from "./words.ts";

const EMOJI = { done: "✅", skipped: "➖", failed: "❌", interrupted: "❌", pending: "⬜", running: "⏳" } as const;

/** A rebuild as GitHub-flavoured Markdown, for a job's summary. */
export function rebuildMarkdown(
    state: RebuildState,
    stages: readonly Stage[],
    mitigations: readonly JudgedMitigation[] | undefined,
): string {
    const stopped = state.stages.find(stage => ["failed", "interrupted"].includes(outcomeOf(stage)))?.attempts.at(-1);
    const sign = state.stages.every(isOver) ? "✅" : stopped ? "❌" : "⏳";
    const rows = stages.map(({ name, title }) => {
        const stage = stageOf(state, name);
        return [`${EMOJI[outcomeOf(stage)]} ${title}`, stage.attempts.at(-1)?.summary ?? "", durationOf(stage)];
    });
    const retries = retriesOf(state);
    const parts = [
        `### ${sign} ${plain(headline(state, stages))}`,
        ...(stopped ? [plain(stopped.summary), ...stopped.notes.map(note => fenced(note))] : []),
        table(["Stage", "Result", "Took"], rows),
        retries.length === 0
            ? "Nothing had to be tried twice."
            : bullets("**What had to be tried more than once**", retries),
        ...(mitigations
            ? [
                  table(
                      ["", "Workaround", "What this rebuild shows"],
                      mitigations.map(({ answer, title, because }) => [ANSWER_IN_WORDS[answer], title, because]),
                  ),
              ]
            : []),
        ...(state.notes.length > 0 ? [bullets("**Notes**", state.notes)] : []),
    ];
    return `${parts.join("\n\n")}\n`;
}

function bullets(title: string, lines: readonly string[]): string {
    return `${title}\n\n${lines.map(line => `- ${plain(line)}`).join("\n")}`;
}
