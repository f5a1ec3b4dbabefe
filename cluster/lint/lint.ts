import { readFileSync } from "node:fs";
import type { Finding, Fixed, LintResult } from "./finding.ts";
import { applyRepairs } from "./fix/apply.ts";
import { fluxKustomizations } from "./flux/kustomization.ts";
import { waitingIn } from "./flux/waiting.ts";
import { type MirrorGroup, NoMirrorGroups, parseMirrorGroups, plannedGroups } from "./images/mirrorGroups.ts";
import type { Judgement, Subject } from "./judgement.ts";
import { openRepository, PathNotReadable, type Repository } from "./repository.ts";
import { rules } from "./rules/index.ts";

export interface LintOptions {
    /** Rewrites what is safe to rewrite, in files below the given paths. */
    fix?: boolean;
    /** A file of mirror groups, see `parseMirrorGroups`, or `plan` for Clearpath's own. Without it, no rule judges images. */
    imageGroups?: string;
    /** Names, or `namespace/name`, of Kustomizations that belong to the bootstrap. */
    bootstrap?: readonly string[];
}

/**
 * Lints the Flux repositories, or parts of one, at the given paths. Reads what overlays refer to around them as well.
 * Throws PathNotReadable or NoMirrorGroups for input that is not there; what is in a repository never makes it throw.
 */
export async function lint(paths: readonly string[], options: LintOptions = {}): Promise<LintResult> {
    const mirrorGroups = options.imageGroups === undefined ? undefined : readMirrorGroups(options.imageGroups);
    if (!options.fix) return { findings: spellOut(judge(paths, options, mirrorGroups)) };

    const fixed: Fixed[] = [];
    // One repair may make room for the next, but each is made at most once: a handful of rounds is always enough.
    for (let round = 0; round < 10; round++) {
        const judged = judge(paths, options, mirrorGroups);
        const done = applyRepairs(judged.judgements, judged.subject);
        if (done.length === 0) return { findings: spellOut(judged), fixed };
        fixed.push(...done);
    }
    return { findings: spellOut(judge(paths, options, mirrorGroups)), fixed };
}

interface Judged {
    judgements: Judgement[];
    subject: Subject;
}

function judge(paths: readonly string[], { bootstrap = [] }: LintOptions, mirrorGroups?: MirrorGroup[]): Judged {
    const repository = openRepository(paths);
    const kustomizations = fluxKustomizations(repository);
    const subject = { repository, kustomizations, waiting: waitingIn(kustomizations), mirrorGroups, bootstrap };
    return { judgements: Object.values(rules).flatMap(rule => rule.judge(subject)), subject };
}

function readMirrorGroups(path: string): MirrorGroup[] {
    if (path === "plan") return plannedGroups();
    let content: string;
    try {
        content = readFileSync(path, "utf8");
    } catch (error) {
        throw new PathNotReadable(`${path}: ${error instanceof Error ? error.message : String(error)}.`);
    }
    return parseMirrorGroups(path, content);
}

/** Sorted, and each thing said once: clusters that share a file find the same in it. */
function spellOut({ judgements, subject }: Judged): Finding[] {
    const found = new Map<string, Finding>();
    for (const judgement of judgements) {
        const finding = findingFrom(judgement, subject.repository);
        found.set(JSON.stringify(finding), finding);
    }
    return [...found.values()].sort(
        (a, b) =>
            compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule) || compare(a.message, b.message),
    );
}

function findingFrom({ rule, severity, at, object, message, chain }: Judgement, repository: Repository): Finding {
    const path = at.document ? at.document.file.path : at.file;
    return { rule, severity, file: repository.display(path), line: at.line, object, message, chain };
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

export { NoMirrorGroups, PathNotReadable };
