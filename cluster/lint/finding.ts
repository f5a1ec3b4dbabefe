/** `error` and `warning` are judgements; `note` says what could not be read, and never changes an exit code. */
export type Severity = "error" | "warning" | "note";

/** Names of the rules, in the order in which the reference lists them. */
export type RuleName =
    | "store-in-health-checks"
    | "wait-on-store"
    | "workload-waits-for-store"
    | "generated-secret-unchecked"
    | "secret-made-later"
    | "image-outside-mirror-groups"
    | "not-read";

/** One thing found in a Flux repository. */
export interface Finding {
    rule: RuleName;
    severity: Severity;
    /** As the caller wrote the path it was found under; joined with what is below it. */
    file: string;
    /** From 1. */
    line: number;
    /** `Kind/namespace/name`, without the namespace for what has none; empty where a file could not be read. */
    object: string;
    /** What is wrong, why it hurts, what to write instead. */
    message: string;
    /** Who waits for whom, first the one that waits, as in `object`. Empty where nothing waits. */
    chain: string[];
    /** Others that wait for the same cause, each with its own chain; absent where there are none. */
    waiters?: { file: string; line: number; object: string; chain: string[] }[];
    /** With `--fix`: why this was left as it is. */
    notFixed?: string;
}

/** A change that `--fix` wrote. */
export interface Fixed {
    file: string;
    line: number;
    object: string;
    change: string;
}

export interface LintResult {
    /** Sorted by file, then line. After a fix: what is left. */
    findings: Finding[];
    /** Only when fixing was asked for. */
    fixed?: Fixed[];
    /** Only with a baseline: how many findings it holds, and `findings` therefore does not. */
    known?: number;
}
