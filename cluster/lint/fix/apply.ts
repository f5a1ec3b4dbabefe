import { writeFileSync } from "node:fs";
import type { Node } from "yaml";
import type { Fixed } from "../finding.ts";
import { healthChecksIn } from "../flux/api.ts";
import type { FluxKustomization } from "../flux/kustomization.ts";
import type { Judgement, Repair, Subject } from "../judgement.ts";
import { groupOf, type KubernetesObject, nameOf, sameObject } from "../object.ts";
import type { YamlDocument, YamlFile } from "../yaml/document.ts";
import { parseYamlFile } from "../yaml/file.ts";
import { at, text } from "../yaml/located.ts";
import { addChecks, addReadyKinds, dropEntries, edited, replaceWait, type TextEdit } from "./edit.ts";
import type { HealthCheck } from "./healthCheck.ts";

/** What was repaired, and why each judgement that is left was left. */
export interface Repaired {
    fixed: Fixed[];
    left: ReadonlyMap<Judgement, string>;
}

/**
 * Makes the repairs that are safe, and says which, and why not the others. At most one kind of repair to an object at a
 * time: the next round judges what is left. Left alone are objects whose clusters disagree about the repair, files that
 * were not asked about, and text that cannot be changed by whole lines.
 */
export function applyRepairs(judgements: readonly Judgement[], subject: Subject): Repaired {
    const fixed: Fixed[] = [];
    const left = new Map<Judgement, string>();
    for (const judgement of judgements) {
        if (typeof judgement.repair === "string") left.set(judgement, judgement.repair);
        else if (!judgement.repair && judgement.severity !== "note") {
            left.set(judgement, "What would have to be written instead cannot be told from the repository.");
        }
    }
    const byDocument = Map.groupBy(subject.kustomizations, ({ object }) => object.document);
    const editsOf = new Map<YamlFile, TextEdit[]>();
    for (const [document, instances] of byDocument) {
        const about = judgements.filter(
            ({ repair }) => typeof repair === "object" && instances.includes(repair.kustomization),
        );
        if (about.length === 0) continue;
        const outcome = repairOf(document, instances, judgements, subject);
        if (typeof outcome === "string") {
            for (const judgement of about) left.set(judgement, outcome);
            continue;
        }
        const { file } = document;
        editsOf.set(file, [...(editsOf.get(file) ?? []), ...outcome.edits]);
        const { object } = instances[0] as FluxKustomization;
        fixed.push({
            file: subject.repository.display(file.path),
            line: object.line,
            object: nameOf(object),
            change: outcome.says,
        });
    }
    for (const [file, edits] of editsOf) writeFileSync(file.path, edited(file.text, edits));
    return { fixed, left };
}

/** The edits of one document, or why there are none. */
function repairOf(
    document: YamlDocument,
    instances: FluxKustomization[],
    judgements: readonly Judgement[],
    subject: Subject,
): { edits: TextEdit[]; says: string } | string {
    if (!subject.repository.covers(document.file.path)) return "Its file is not among the given paths.";
    if (!isPlain(document)) return "The Kustomization is not a document of its own.";
    const repairs = agreed(judgements, instances);
    if (repairs.length === 0) return "Several clusters share the Kustomization, and not all of them need the change.";
    const change = changeOf(instances[0] as FluxKustomization, repairs);
    if (!change) return "A patch or an anchor sets what would change, or it is written in flow style.";
    return isHarmless(document, change.edits) ? change : "The change would touch other values of the file.";
}

/** One Kustomization to the document, not one out of a List. */
function isPlain({ root }: YamlDocument): boolean {
    return text(root, "kind") === "Kustomization";
}

/** The repairs that every cluster which applies the object asks for. */
function agreed(judgements: readonly Judgement[], instances: readonly FluxKustomization[]): Repair["change"][] {
    const wanted = instances.map(instance => {
        const changes = judgements.flatMap(({ repair }) =>
            typeof repair === "object" && repair.kustomization === instance ? [repair.change] : [],
        );
        return new Map(changes.map(change => [keyOf(change), change]));
    });
    const [first = new Map<string, Repair["change"]>(), ...others] = wanted;
    return [...first].flatMap(([key, change]) => (others.every(other => other.has(key)) ? [change] : []));
}

function keyOf(change: Repair["change"]): string {
    return change.type === "drop" ? `${change.list}:${change.entry.at.line}` : JSON.stringify(change);
}

function changeOf({ object }: FluxKustomization, changes: Repair["change"][]) {
    const { document } = object;
    const drops = changes.filter(change => change.type === "drop");
    const replacement = changes.find(change => change.type === "replace-wait");
    const additions = changes.flatMap(change => (change.type === "add-check" ? [change.check] : []));
    if (drops.length > 0) return dropped(document, drops);
    if (!isOwn(object, "healthChecks") || (replacement && !isOwn(object, "wait"))) return undefined;
    if (replacement) {
        const checks = withoutKnown(document, replacement.checks);
        const edits = replaceWait(document, checks);
        const instead = checks.length > 0 ? `, healthChecks for ${checks.map(nameOf).join(", ")} instead` : "";
        return edits && { edits, says: `wait turned off${instead}` };
    }
    const ready = changes.find(change => change.type === "take-as-ready");
    if (ready) {
        if (!isOwn(object, "healthCheckExprs") || !isOwn(object, "wait")) return undefined;
        const edits = addReadyKinds(document, ready.kinds);
        const named = ready.kinds.map(({ kind }) => kind).join(" and ");
        return edits && { edits, says: `every ${named} taken as ready by healthCheckExprs` };
    }
    const checks = withoutKnown(document, additions);
    const edits = checks.length > 0 ? addChecks(document, checks) : undefined;
    return edits && { edits, says: `healthChecks for ${checks.map(nameOf).join(", ")} added` };
}

/** Whether a field of `spec`, if it is there, stands in the object itself: what a patch sets is set again by it. */
function isOwn({ root, document }: KubernetesObject, field: string): boolean {
    const spec = at(root, "spec");
    const place = spec?.type === "map" ? spec.entries.get(field)?.key : undefined;
    return place === undefined || (place.document === document && place.node !== undefined);
}

function dropped(document: YamlDocument, drops: Extract<Repair["change"], { type: "drop" }>[]) {
    const edits: TextEdit[] = [];
    const says: string[] = [];
    for (const list of ["healthChecks", "healthCheckExprs"] as const) {
        // An entry out of a patch is not of this document, and stays.
        const entries = drops.filter(drop => drop.list === list && drop.entry.at.document === document);
        const nodes = entries.flatMap(({ entry }): Node[] => (entry.at.node ? [entry.at.node] : []));
        const made = nodes.length > 0 ? dropEntries(document, list, nodes) : undefined;
        if (!made) continue;
        edits.push(...made);
        says.push(...entries.map(({ entry }) => `${text(entry, "kind")} removed from ${list}`));
    }
    return edits.length > 0 ? { edits, says: says.join(", ") } : undefined;
}

/** The checks that the document does not have yet. */
function withoutKnown({ root }: YamlDocument, checks: readonly HealthCheck[]): HealthCheck[] {
    const known = healthChecksIn(root).map(({ id }) => id);
    return checks.filter(
        check =>
            !known.some(id =>
                sameObject(id, { ...check, group: groupOf(check.apiVersion), namespace: check.namespace }),
            ),
    );
}

/** Whether the edits leave every document as it was, but for what they are about. */
function isHarmless(document: YamlDocument, edits: readonly TextEdit[]): boolean {
    const after = parseYamlFile(document.file.path, edited(document.file.text, edits));
    const before = document.file;
    if (after.problems.length !== before.problems.length || after.documents.length !== before.documents.length)
        return false;
    try {
        return before.documents.every((one, position) => {
            const other = after.documents[position] as YamlDocument;
            return one === document ? essence(one) === essence(other) : plain(one) === plain(other);
        });
    } catch {
        // More aliases than can be told apart: nothing is changed that cannot be compared.
        return false;
    }
}

function plain({ syntax }: YamlDocument): string {
    return JSON.stringify(syntax.toJS());
}

/** A Kustomization without the fields that repairs change. */
function essence({ syntax }: YamlDocument): string {
    const { spec, ...rest } = syntax.toJS() as { spec: Record<string, unknown> };
    const { wait, healthChecks, healthCheckExprs, ...others } = spec;
    return JSON.stringify([rest, others]);
}
