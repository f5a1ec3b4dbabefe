import { groupOf, isClusterScoped, isNative, type KubernetesObject, type ObjectId } from "../object.ts";
import type { Located } from "../yaml/document.ts";
import { text } from "../yaml/located.ts";
import { Refusal } from "./refusal.ts";
import { parseSelector } from "./selector.ts";

/** Which objects a patch or a replacement is for. */
export type Target = (object: KubernetesObject) => boolean;

/** The names that an object has had in this build, the one that was written first, and the one that it has now last. */
export function namesOf(object: KubernetesObject): ObjectId[] {
    return [...object.formerly, object];
}

/**
 * The objects that a patch's `target` means. Every field is a regular expression that must match the whole; name and
 * namespace match as they were written, before prefixes and namespaces, or as they are now.
 */
export function patchTarget(value: Located): Target {
    const { fits, hasLabels } = fieldsOf(value);
    return object => {
        const names = namesOf(object);
        const ends = [names[0] as ObjectId, names.at(-1) as ObjectId];
        return (
            ends.some(id => fits.namespace(effectiveNamespace(id))) &&
            ends.some(id => fits.name(id.name)) &&
            fits.type(object) &&
            hasLabels(object)
        );
    };
}

/** The objects that `select` of a replacement means: one name that the object has or had must fit as a whole. */
export function replacementTarget(value: Located): Target {
    const { fits, hasLabels } = fieldsOf(value);
    return object =>
        fits.type(object) &&
        hasLabels(object) &&
        namesOf(object).some(id => fits.name(id.name) && fits.namespace(effectiveNamespace(id)));
}

/** The object that a replacement's `source` means: fields are compared, and absent ones fit everything. */
export function isSource(object: KubernetesObject, source: Located): boolean {
    const is = (field: string, value: string | undefined) => {
        const wanted = text(source, field);
        return wanted === undefined || wanted === value;
    };
    return (
        is("group", object.group) &&
        is("version", versionOf(object)) &&
        is("kind", object.kind) &&
        namesOf(object).some(id => is("name", id.name) && is("namespace", effectiveNamespace(id)))
    );
}

/** Whether a strategic merge patch without a target means this object, by a name that it has or had. */
export function isNamedBy(object: KubernetesObject, patch: Located): boolean {
    const apiVersion = text(patch, "apiVersion");
    const wanted: ObjectId = {
        group: groupOf(apiVersion),
        kind: text(patch, "kind") ?? "",
        namespace: text(patch, "metadata", "namespace"),
        name: text(patch, "metadata", "name") ?? "",
    };
    return (
        wanted.kind === object.kind &&
        apiVersion === text(object.root, "apiVersion") &&
        namesOf(object).some(id => id.name === wanted.name && effectiveNamespace(id) === effectiveNamespace(wanted))
    );
}

/** As kustomize has it: objects without a namespace are in `default`, and those of cluster-wide kinds in none. */
export function effectiveNamespace(id: ObjectId): string {
    return isNative(id) && isClusterScoped(id) ? "_non_namespaceable_" : (id.namespace ?? "default");
}

function versionOf(object: KubernetesObject): string | undefined {
    return text(object.root, "apiVersion")?.split("/").at(-1);
}

function fieldsOf(value: Located) {
    const field = (name: string) => expressionOf(value, name);
    const [group, version, kind] = [field("group"), field("version"), field("kind")];
    const labels = selectorOf(value, "labelSelector", "labels");
    const annotations = selectorOf(value, "annotationSelector", "annotations");
    return {
        fits: {
            name: field("name"),
            namespace: field("namespace"),
            type: (object: KubernetesObject) =>
                group(object.group) && version(versionOf(object) ?? "") && kind(object.kind),
        },
        hasLabels: (object: KubernetesObject) => labels(object) && annotations(object),
    };
}

function expressionOf(value: Located, field: string): (value: string) => boolean {
    const pattern = text(value, field);
    if (pattern === undefined) return () => true;
    try {
        const expression = new RegExp(`^(?:${pattern})$`);
        return actual => expression.test(actual);
    } catch {
        throw new Refusal(value.at, `the target's ${field} ${pattern} is not a regular expression`);
    }
}

function selectorOf(value: Located, field: string, where: "labels" | "annotations"): Target {
    const written = text(value, field);
    if (written === undefined) return () => true;
    const selects = parseSelector(written);
    if (!selects) throw new Refusal(value.at, `the target's ${field} ${written} is not a selector`);
    return object => selects(key => markedWith(object, where, key));
}

/** An empty value is there too. */
function markedWith(object: KubernetesObject, where: string, key: string): string | undefined {
    const metadata = object.root.entries.get("metadata")?.value;
    const values = metadata?.type === "map" ? metadata.entries.get(where)?.value : undefined;
    const found = values?.type === "map" ? values.entries.get(key)?.value : undefined;
    return found?.type === "scalar" ? String(found.value ?? "") : undefined;
}
