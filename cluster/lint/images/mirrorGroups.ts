import { IMAGE_GROUPS } from "../../../network/images/groups.ts";
import type { Located } from "../yaml/document.ts";
import { parseYamlFile } from "../yaml/file.ts";
import { at, list, text } from "../yaml/located.ts";
import { type ImageReference, imageName, parseImage } from "./reference.ts";

/** Images that a mirror holds, under a name. An image without tag and digest stands for all of its repository. */
export interface MirrorGroup {
    name: string;
    images: ImageReference[];
    /** Registries mirrored as a whole; `*` is every one. */
    registries: string[];
}

/** The file says nothing about images; the message says what it should look like. */
export class NoMirrorGroups extends Error {
    override name = "NoMirrorGroups";
}

/**
 * Reads the groups from YAML or JSON: `groups: [{ name, images: [...] }]`, `groups: { name: [...] }`, or K3s's
 * registries.yaml, whose `mirrors` cover registries whole. Throws NoMirrorGroups for anything else.
 */
export function parseMirrorGroups(path: string, content: string): MirrorGroup[] {
    const file = parseYamlFile(path, content);
    const problem = file.problems[0];
    if (problem) throw new NoMirrorGroups(`${path}:${problem.line}: ${problem.message}`);
    const roots = file.documents.flatMap(({ root }) => root ?? []);
    const groups = roots.flatMap(root => [...groupsIn(at(root, "groups")), ...mirrorsIn(at(root, "mirrors"))]);
    if (groups.length > 0) return groups;
    throw new NoMirrorGroups(
        `${path}: no image groups in it. It takes "groups: [{ name, images: [...] }]", or the "mirrors" of a registries.yaml.`,
    );
}

/** The plan's own groups. */
export function plannedGroups(): MirrorGroup[] {
    return IMAGE_GROUPS.map(({ name, images }) => ({
        name,
        images: images.flatMap(image => parseImage(image) ?? []),
        registries: [],
    }));
}

/** Undefined when a group holds the image; else the tag or digest that groups hold of it, if any does. */
export function outsideGroups(image: ImageReference, groups: readonly MirrorGroup[]): { others: string[] } | undefined {
    const registry = image.repository.slice(0, image.repository.indexOf("/"));
    if (groups.some(({ registries }) => registries.includes("*") || registries.includes(registry))) return undefined;
    const alike = groups.flatMap(group => group.images.filter(({ repository }) => repository === image.repository));
    if (alike.some(held => isHeld(image, held))) return undefined;
    return { others: alike.map(imageName) };
}

/** An image whose version only the chart knows is taken as held when its repository is. */
function isHeld(image: ImageReference, held: ImageReference): boolean {
    const isUnpinned = (one: ImageReference) => one.tag === undefined && one.digest === undefined;
    if (isUnpinned(image) || isUnpinned(held)) return true;
    return image.digest && held.digest
        ? image.digest === held.digest
        : image.tag !== undefined && image.tag === held.tag;
}

function groupsIn(value: Located | undefined): MirrorGroup[] {
    if (value?.type === "list") {
        return value.items.map(item => groupOf(text(item, "name") ?? "unnamed", list(item, "images")));
    }
    if (value?.type !== "map") return [];
    return [...value.entries].map(([name, { value: group }]) =>
        groupOf(name, group.type === "list" ? group.items : list(group, "images")),
    );
}

function groupOf(name: string, entries: readonly Located[]): MirrorGroup {
    return {
        name,
        images: entries.flatMap(entry => parseImage(text(entry) ?? text(entry, "image") ?? "") ?? []),
        registries: [],
    };
}

function mirrorsIn(value: Located | undefined): MirrorGroup[] {
    if (value?.type !== "map") return [];
    return [{ name: "registries.yaml", images: [], registries: [...value.entries.keys()] }];
}
