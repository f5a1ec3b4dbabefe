import { type KubernetesObject, objectFrom } from "../object.ts";
import type { Located, LocatedEntry } from "../yaml/document.ts";
import { at, list, text } from "../yaml/located.ts";

/**
 * The objects that a ResourceSet of Flux Operator makes of `spec.resources`, one set for each of `spec.inputs`. Expressions
 * other than `<< inputs.name >>` and its quotes stay as they are written (https://fluxoperator.dev/docs/crd/resourceset/).
 */
export function templatedObjects(resourceSet: KubernetesObject): KubernetesObject[] {
    const inputs: (Located | undefined)[] = [...list(resourceSet.root, "spec", "inputs")];
    const isFromElsewhere = list(resourceSet.root, "spec", "inputsFrom").length > 0;
    const sets = inputs.length > 0 || isFromElsewhere ? inputs : [undefined];
    return sets.flatMap(input =>
        list(resourceSet.root, "spec", "resources").flatMap(resource => {
            const filled = filledIn(resource, input);
            return filled.type === "map" ? (objectFrom(filled, resourceSet.document) ?? []) : [];
        }),
    );
}

/** Whether something of a ResourceSet cannot be told from the repository. */
export function isPartlyKnown(resourceSet: KubernetesObject): boolean {
    const spec = at(resourceSet.root, "spec");
    if (list(spec, "inputsFrom").length > 0 || text(spec, "resourcesTemplate") !== undefined) return true;
    return templatedObjects(resourceSet).some(({ root }) => hasExpression(root));
}

function hasExpression(value: Located): boolean {
    if (value.type === "scalar") return typeof value.value === "string" && value.value.includes("<<");
    if (value.type === "list") return value.items.some(hasExpression);
    return [...value.entries.values()].some(entry => hasExpression(entry.value));
}

function filledIn(value: Located, input: Located | undefined): Located {
    if (value.type === "list") return { ...value, items: value.items.map(item => filledIn(item, input)) };
    if (value.type === "map") {
        const entries = [...value.entries].map(([key, entry]): [string, LocatedEntry] => [
            key,
            { ...entry, value: filledIn(entry.value, input) },
        ]);
        return { ...value, entries: new Map(entries) };
    }
    if (typeof value.value !== "string" || !value.value.includes("<<")) return value;
    const filled = value.value.replace(
        /<<-?\s*inputs\.([\w.]+)\s*(?:\|\s*s?quote\s*)?-?>>/g,
        (written, path: string) => text(input, ...path.split(".")) ?? written,
    );
    return { ...value, value: filled };
}
