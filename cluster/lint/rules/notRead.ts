import { relative } from "node:path";
import { dependencies, isResourceSet } from "../flux/api.ts";
import { isPartlyKnown } from "../flux/resourceSet.ts";
import { hasVariable } from "../flux/substitute.ts";
import type { Judgement, Rule, Subject } from "../judgement.ts";
import { nameOf, objectsOf } from "../object.ts";
import { text } from "../yaml/located.ts";

/** What could not be read, or what nothing applies, so that nobody takes silence about it for a pass. */
export const notRead: Rule = subject => {
    const { repository, kustomizations, unapplied } = subject;
    const archived = new Set(unapplied.map(({ document }) => document.file));
    const broken = repository.files.flatMap(({ path, problems }) =>
        problems.map(({ line, message }) => note({ document: undefined, file: path, line }, "", message)),
    );
    const unread = kustomizations.flatMap(({ object, unread }) =>
        unread.map(({ at, message }) => note(at, nameOf(object), message)),
    );
    const unknown = repository.files
        .filter(file => !archived.has(file))
        .flatMap(file =>
            file.documents.flatMap(document => {
                const kind = text(document.root, "kind");
                const place = { document, line: document.root?.at.line ?? 1 };
                if (kind?.startsWith("ENC[")) return [note(place, "", "encrypted whole by SOPS, its kind included")];
                return objectsOf(document)
                    .filter(object => isResourceSet(object) && isPartlyKnown(object))
                    .map(object => note(place, nameOf(object), "a ResourceSet's templates are not filled in whole"));
            }),
        );
    const variable = kustomizations.flatMap(({ object }) =>
        dependencies(object)
            .filter(({ id }) => hasVariable(id.name))
            .map(({ id, entry }) =>
                note(entry.at, nameOf(object), `dependsOn names ${id.name}, whose value only the cluster knows`),
            ),
    );
    return [
        ...broken,
        ...unread,
        ...unknown,
        ...variable,
        ...templates(subject),
        ...leftOut(subject),
        ...nothing(subject),
    ];
};

/** Files that another tool makes YAML of: one note for all. */
function templates({ repository }: Subject): Judgement[] {
    const covered = repository.templates.filter(repository.covers);
    const [first] = covered;
    if (!first) return [];
    const message = `${files(covered.length, "template")} that another tool fills in first (${named(covered, repository.top)})`;
    return [note({ document: undefined, file: first, line: 1 }, "", message)];
}

/** Flux Kustomizations outside what the repository's roots apply: one note for all. */
function leftOut({ unapplied, repository }: Subject): Judgement[] {
    const covered = unapplied.filter(({ document }) => repository.covers(document.file.path));
    const [first] = covered;
    if (!first) return [];
    const paths = [...new Set(covered.map(({ document }) => document.file.path))];
    const count = covered.length === 1 ? "1 Flux Kustomization" : `${covered.length} Flux Kustomizations`;
    const message = `${count} that nothing in the repository applies (${named(paths, repository.top)})`;
    return [note({ document: first.document, line: first.line }, "", message)];
}

/** Where no Flux Kustomization brings anything of what was asked about, a pass would say nothing. */
function nothing({ repository, kustomizations }: Subject): Judgement[] {
    const isJudged = kustomizations.some(({ object, applies }) =>
        [object, ...applies].some(({ document }) => repository.covers(document.file.path)),
    );
    const [file] = repository.given;
    if (isJudged || !file) return [];
    const message =
        kustomizations.length === 0
            ? "there is no Flux Kustomization here, so nothing was judged"
            : "no Flux Kustomization of the repository applies anything of it, so nothing was judged";
    return [note({ document: undefined, file, line: 1 }, "", message)];
}

function files(count: number, what: string): string {
    return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** The first few paths, from the repository's top. */
function named(paths: readonly string[], top: string): string {
    const shown = paths.slice(0, 3).map(path => relative(top, path));
    return [...shown, ...(paths.length > shown.length ? ["…"] : [])].join(", ");
}

function note(at: Judgement["at"], object: string, message: string): Judgement {
    return { rule: "not-read", severity: "note", at, object, message: `Not read: ${message}.`, chain: [] };
}
