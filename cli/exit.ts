/** Exit codes of every `clearpath` command. */
export const EXIT = {
    ok: 0,
    /** It ran, and what it found is not good: a failed step, a violated policy, a fault on the path. */
    foundSomething: 1,
    usage: 2,
    /** It could not run at all: not root, something missing, a file that is not there. */
    couldNotRun: 3,
} as const;

/** The command cannot run on this machine or with this input. The message says what is missing and what to do. */
export class CouldNotRun extends Error {
    override name = "CouldNotRun";
}
