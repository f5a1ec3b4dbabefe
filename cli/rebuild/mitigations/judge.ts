import { MITIGATIONS } from "./catalogue.ts";
import type { Answer, Mitigation, Proof } from "./mitigation.ts";

/** A workaround and what a rebuild says of it. */
export interface JudgedMitigation extends Pick<Mitigation, "name" | "title"> {
    answer: Answer;
    because: string;
}

/** What can go, what has to stay, and what the rebuild does not show, in that order. */
export function judgeMitigations(proof: Proof): JudgedMitigation[] {
    const judged = MITIGATIONS.map(({ name, title, judge }) => ({ name, title, ...judge(proof) }));
    const order: readonly Answer[] = ["can-go", "keep", "not-shown"];
    return order.flatMap(answer => judged.filter(one => one.answer === answer));
}

export const ANSWER_IN_WORDS: Record<Answer, string> = {
    "can-go": "can go",
    keep: "keep",
    "not-shown": "not shown",
};

/** The list for people. */
export function mitigationsText(judged: readonly JudgedMitigation[]): string {
    return judged
        .map(
            ({ title, answer, because }) =>
                `${ANSWER_IN_WORDS[answer].padEnd(10)} ${title}\n${" ".repeat(11)}${because}\n`,
        )
        .join("");
}
