/** The one of `words` that somebody who typed `word` most likely meant; undefined when none is near. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
    const ranked = words
        .map(candidate => ({ candidate, edits: editsBetween(word.toLowerCase(), candidate.toLowerCase()) }))
        .sort((left, right) => left.edits - right.edits);
    const [best] = ranked;
    return best && best.edits <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Letters to insert, delete or replace to make the one word the other (Levenshtein). */
function editsBetween(left: string, right: string): number {
    let row = Array.from({ length: right.length + 1 }, (_, index) => index);
    for (const [at, letter] of [...left].entries()) {
        const next = [at + 1];
        for (let index = 0; index < right.length; index++) {
            const replaced = row[index]! + (letter === right[index] ? 0 : 1);
            next.push(Math.min(replaced, row[index + 1]! + 1, next[index]! + 1));
        }
        row = next;
    }
    return row[right.length]!;
}
