import { readFileSync } from "node:fs";
import type { Finding, Fixed, LintResult } from "./finding.ts";
import { applyRepairs } from "./fix/apply.ts";
import { fluxKustomizations } from "./flux/kustomization.ts";
import { providersIn } from "./flux/provider.ts";
import { repositoriesOf } from "./flux/top.ts";
import { waitingIn } from "./flux/waiting.ts";
import { type MirrorGroup, NoMirrorGroups, parseMirrorGroups, plannedGroups } from "./images/mirrorGroups.ts";
import type { Judgement, Subject } from "./judgement.ts";
import { givenPaths, openRepository, PathNotReadable, type Repository } from "./repository/repository.ts";
import { readSettings, SettingsNotReadable } from "./repository/settings.ts";
import { rules } from "./rules/index.ts";

export interface LintOptions {
    /** Rewrites what is safe to rewrite, in files below the given paths. */
    fix?: boolean;
    /** A file of mirror groups, see `parseMirrorGroups`, or `plan` for Clearpath's own. Without it, no rule judges images. */
    imageGroups?: string;
    /** Names, or `namespace/name`, of Kustomizations that belong to the bootstrap. */
    bootstrap?: readonly string[];
    /** Patterns as in `.gitignore`, from the repository's top, of what is not judged; added to those of `.clearpath.yaml`. */
    exclude?: readonly string[];
}

/**
 * Lints the Flux repositories, or parts of one, at the given paths. A part is judged within its repository: all of that is
 * read, and what is found outside the given paths is left out.
 * Throws PathNotReadable, NoMirrorGroups or SettingsNotReadable for input that is not there or says something else; what
 * is in a repository never makes it throw.
 */
export async function lint(paths: readonly string[], options: LintOptions = {}): Promise<LintResult> {
    const mirrorGroups = options.imageGroups === undefined ? undefined : readMirrorGroups(options.imageGroups);
    const repositories = repositoriesOf(givenPaths(paths)).map(({ top, given }) => {
        const exclude = [...readSettings(top).exclude, ...(options.exclude ?? [])];
        return () => judge(openRepository(top, given, exclude), options, mirrorGroups);
    });
    if (!options.fix) return { findings: spellOut(repositories.map(judgeIt => judgeIt())) };

    const all = repositories.map(judgeIt => fixAll(judgeIt));
    return {
        findings: spellOut(all.map(({ judged }) => judged)),
        fixed: all.flatMap(({ fixed }) => fixed),
    };
}

/** One repair may make room for the next, but each is made at most once: a handful of rounds is always enough. */
function fixAll(judgeIt: () => Judged): { fixed: Fixed[]; judged: Judged } {
    const fixed: Fixed[] = [];
    for (let round = 0; ; round++) {
        const judged = judgeIt();
        const done = round < 10 ? applyRepairs(judged.judgements, judged.subject) : { fixed: [], left: new Map() };
        fixed.push(...done.fixed);
        if (done.fixed.length === 0) return { fixed, judged: { ...judged, left: done.left } };
    }
}

interface Judged {
    judgements: Judgement[];
    subject: Subject;
    /** After a fix: why each was left. */
    left?: ReadonlyMap<Judgement, string>;
}

function judge(repository: Repository, { bootstrap = [] }: LintOptions, mirrorGroups?: MirrorGroup[]): Judged {
    const { kustomizations, unapplied } = fluxKustomizations(repository);
    const waiting = waitingIn(kustomizations);
    const asksProvider = providersIn(kustomizations.flatMap(({ applies, templated }) => [...applies, ...templated]));
    const subject = { repository, kustomizations, unapplied, waiting, asksProvider, mirrorGroups, bootstrap };
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
function spellOut(judged: readonly Judged[]): Finding[] {
    const found = new Map<string, Finding>();
    for (const { judgements, subject, left } of judged) {
        for (const judgement of judgements) {
            const path = judgement.at.document ? judgement.at.document.file.path : judgement.at.file;
            if (!subject.repository.covers(path)) continue;
            const finding = findingFrom(judgement, subject.repository, left?.get(judgement));
            found.set(JSON.stringify({ ...finding, notFixed: undefined }), finding);
        }
    }
    return [...found.values()].sort(
        (a, b) =>
            compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule) || compare(a.message, b.message),
    );
}

function findingFrom(judgement: Judgement, { display }: Repository, notFixed: string | undefined): Finding {
    const { rule, severity, at, object, message, chain, waiters = [] } = judgement;
    const others = waiters.map(({ at, object, chain }) => ({
        file: display(at.document.file.path),
        line: at.line,
        object,
        chain,
    }));
    return {
        rule,
        severity,
        file: display(at.document ? at.document.file.path : at.file),
        line: at.line,
        object,
        message,
        chain,
        ...(others.length > 0 && { waiters: others }),
        ...(notFixed !== undefined && { notFixed }),
    };
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

export { NoMirrorGroups, PathNotReadable, SettingsNotReadable };
