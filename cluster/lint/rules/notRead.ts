import { dependencies } from "../flux/api.ts";
import { hasVariable } from "../flux/substitute.ts";
import type { Judgement, Rule } from "../judgement.ts";
import { nameOf, objectsOf } from "../object.ts";
import { text } from "../yaml/located.ts";

/** What could not be read, so that nobody takes its silence for a pass. */
export const notRead: Rule = ({ repository, kustomizations }) => {
    const broken = repository.files.flatMap(({ path, problems }) =>
        problems.map(({ line, message }) => note({ document: undefined, file: path, line }, "", message)),
    );
    const unread = kustomizations.flatMap(({ object, unread }) =>
        unread
            .filter(({ at }) => at.document || !repository.files.some(({ path }) => path === at.file))
            .map(({ at, message }) => note(at, nameOf(object), message)),
    );
    const unknown = repository.files.flatMap(file =>
        file.documents.flatMap(document => {
            const kind = text(document.root, "kind");
            const place = { document, line: document.root?.at.line ?? 1 };
            if (kind?.startsWith("ENC[")) return [note(place, "", "encrypted whole by SOPS, its kind included")];
            return objectsOf(document)
                .filter(({ kind, group }) => kind === "ResourceSet" && group === "fluxcd.controlplane.io")
                .map(object => note(place, nameOf(object), "a ResourceSet's templates are not filled in"));
        }),
    );
    const variable = kustomizations.flatMap(({ object }) =>
        dependencies(object)
            .filter(({ name }) => hasVariable(name))
            .map(({ name, entry }) =>
                note(entry.at, nameOf(object), `dependsOn names ${name}, whose value only the cluster knows`),
            ),
    );
    return [...broken, ...unread, ...unknown, ...variable];
};

function note(at: Judgement["at"], object: string, message: string): Judgement {
    return { rule: "not-read", severity: "note", at, object, message: `Not read: ${message}.`, chain: [] };
}
