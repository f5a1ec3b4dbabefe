import { isHelmRelease } from "../flux/api.ts";
import { hasVariable } from "../flux/substitute.ts";
import type { KubernetesObject } from "../object.ts";
import type { Located, LocatedMap, Place } from "../yaml/document.ts";
import { at, children, text } from "../yaml/located.ts";

/** An image as containerd pulls it. */
export interface ImageReference {
    /** With the registry, and `library/` for Docker Hub's own. */
    repository: string;
    tag: string | undefined;
    digest: string | undefined;
}

/** An image that an object asks for. */
export interface UsedImage {
    image: ImageReference;
    at: Place;
}

/** Reads `nginx`, `ghcr.io/a/b:1.0`, `registry:5000/a@sha256:…`. Undefined for what cannot be an image. */
export function parseImage(written: string): ImageReference | undefined {
    const match = /^([a-z0-9][\w.\-/:]*?)(?::([\w][\w.-]{0,127}))?(?:@([\w+.-]+:[0-9a-f]{32,}))?$/i.exec(
        written.trim(),
    );
    if (!match?.[1] || hasVariable(written)) return undefined;
    const parts = match[1].split("/");
    const [first = ""] = parts;
    const hasRegistry = parts.length > 1 && (first.includes(".") || first.includes(":") || first === "localhost");
    const path = hasRegistry ? parts.slice(1) : parts;
    const registry = hasRegistry && first !== "index.docker.io" ? first : "docker.io";
    const full = registry === "docker.io" && path.length === 1 ? ["library", ...path] : path;
    return { repository: [registry, ...full].join("/"), tag: match[2], digest: match[3] };
}

export function imageName({ repository, tag, digest }: ImageReference): string {
    return `${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}

/**
 * The images that an object names: `image` of its containers, and in a HelmRelease's values both `image: a/b:1` and the
 * maps of `repository` with `registry`, `tag` and `digest` that charts use. What a chart defaults to is not known here.
 */
export function imagesOf(object: KubernetesObject): UsedImage[] {
    const isRelease = isHelmRelease(object);
    const root = isRelease ? at(object.root, "spec", "values") : at(object.root, "spec");
    const found: UsedImage[] = [];
    const seen = new Set<Located>();
    const pending = root ? [root] : [];
    for (let next = pending.pop(); next; next = pending.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        pending.push(...children(next));
        if (next.type === "map") found.push(...(isRelease ? imagesInValues(next) : imagesOfContainers(next)));
    }
    return found;
}

function imagesOfContainers(map: LocatedMap): UsedImage[] {
    return ["containers", "initContainers"].flatMap(key => {
        const containers = map.entries.get(key)?.value;
        return containers?.type === "list" ? containers.items.flatMap(item => imageAt(at(item, "image"))) : [];
    });
}

function imagesInValues(map: LocatedMap): UsedImage[] {
    const found: UsedImage[] = [];
    for (const [key, { value }] of map.entries) {
        if (!/image$/i.test(key)) continue;
        // Bare words under such a key are names of other things; charts spell out repository or registry.
        if (value.type === "scalar" && /[/:]/.test(String(value.value))) found.push(...imageAt(value));
        const repository = text(value, "repository");
        if (!repository) continue;
        const registry = text(value, "registry");
        const tag = text(value, "tag");
        const digest = text(value, "digest");
        const name = registry ? `${registry}/${repository}` : repository;
        // A tag may carry its digest: `1.2@sha256:…`.
        const image = parseImage(`${name}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`);
        if (image) found.push({ image, at: at(value, "repository")?.at ?? value.at });
    }
    return found;
}

function imageAt(value: Located | undefined): UsedImage[] {
    const image = parseImage(text(value) ?? "");
    return value && image ? [{ image, at: value.at }] : [];
}
