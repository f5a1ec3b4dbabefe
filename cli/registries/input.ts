import { readFileSync } from "node:fs";
import { CouldNotRun } from "../exit.ts";
import type { GivenRelease } from "./options.ts";

/** Name under which standard input is shown. */
const STANDARD_INPUT = "standard input";

/** How a file given on the command line is named in what is printed. */
export function shownName(file: string): string {
    return file === "-" ? STANDARD_INPUT : file;
}

/** The bytes of a file, or of standard input for `-`. Bytes, because a text would hide what is no UTF-8. */
export function readInput(file: string): Uint8Array {
    try {
        return readFileSync(file === "-" ? 0 : file);
    } catch (error) {
        throw new CouldNotRun(
            `${shownName(file)} cannot be read: ${(error as Error).message}. Name a registries.yaml, or - for standard input.`,
        );
    }
}

/** Says on standard error what is to be known of the release that was given. */
export function tellRelease(given: GivenRelease | undefined): void {
    if (given?.note) process.stderr.write(`${given.note}\n`);
}

/** Prints one object for one file and a list for several. */
export function printJson(results: readonly object[]): void {
    printLine(JSON.stringify(results.length === 1 ? results[0] : results, null, 2));
}

export function printLine(line: string): void {
    process.stdout.write(`${line}\n`);
}
