import type { FilePath } from "./place.ts";
import type { Mirror, Registries, RegistryAuth, RegistryConfig, RegistryTls } from "./schema.ts";
import { type Mark, YamlFault } from "./yaml/fault.ts";
import type { YamlAlias, YamlMapping, YamlNode, YamlScalar } from "./yaml/parser.ts";
import { type Resolved, resolveScalar } from "./yaml/resolve.ts";

/** How yaml.v2 puts a node into one of K3s's structures. */
type Shape<T> = T extends string
    ? "text"
    : T extends boolean
      ? "boolean"
      : T extends string[]
        ? "list"
        : string extends keyof T
          ? { of: Shape<T[keyof T]>; goType: string }
          : { fields: { readonly [K in keyof T]-?: Shape<NonNullable<T[K]>> }; goType: string };

type AnyShape =
    | "text"
    | "boolean"
    | "list"
    | { of: AnyShape; goType: string }
    | { fields: { readonly [name: string]: AnyShape }; goType: string };

const MIRROR: Shape<Mirror> = {
    fields: { endpoint: "list", rewrite: { of: "text", goType: "map[string]string" } },
    goType: "registries.Mirror",
};
const AUTH: Shape<RegistryAuth> = {
    fields: { username: "text", password: "text", auth: "text", identity_token: "text" },
    goType: "registries.AuthConfig",
};
const TLS: Shape<RegistryTls> = {
    fields: { ca_file: "text", cert_file: "text", key_file: "text", insecure_skip_verify: "boolean" },
    goType: "registries.TLSConfig",
};
const CONFIG: Shape<RegistryConfig> = { fields: { auth: AUTH, tls: TLS }, goType: "registries.RegistryConfig" };

/** `auths` is a field that K3s reads and uses for nothing (rancher/wharfie, pkg/registries/types.go). */
const REGISTRY: Shape<Registries & { auths?: Record<string, RegistryAuth> }> = {
    fields: {
        mirrors: { of: MIRROR, goType: "map[string]registries.Mirror" },
        configs: { of: CONFIG, goType: "map[string]registries.RegistryConfig" },
        auths: { of: AUTH, goType: "map[string]registries.AuthConfig" },
    },
    goType: "registries.Registry",
};

/** A value of the file, before it is known to be of the right kind. Maps keep the order of the file. */
type Value = string | boolean | string[] | Map<string, Value>;

/** A value that K3s cannot put where it stands: it does not start. */
export interface KindFault {
    path: FilePath;
    mark: Mark;
    /** What must stand there. */
    expected: "text" | "boolean" | "list" | "map";
    /** K3s's own words for it, without the value. */
    k3sWords: string;
    /** The text that stands there instead; null for a list or map. Never shown: it may be a credential. */
    found: string | null;
}

/** Something that K3s reads without a word, and that hardly anybody means. */
export type Oddity =
    | { kind: "unknown-key"; path: FilePath; known: readonly string[] }
    | { kind: "section-twice" | "key-twice" | "merged-over"; path: FilePath };

/** What K3s makes of a document. */
export interface Decoded {
    registries: Registries;
    /** Whether the file has a list of credentials that K3s reads and does not use. */
    auths: boolean;
    faults: KindFault[];
    oddities: Oddity[];
    /** Where each key and list item stands, by its path as JSON. */
    places: ReadonlyMap<string, Mark>;
}

/** Merge keys in merge keys that are followed; more is an attack. */
const DEEPEST_MERGE = 500;

/** Values that yaml.v2 reads before it looks at how many of them come by aliases (decode.go). */
const FREE_VALUES = 1000;
const FREE_ALIASES = 100;

/** Puts a document into K3s's structures as yaml.v2 does (decode.go). Throws YamlFault. */
export function decodeRegistries(root: YamlNode | null): Decoded {
    const decoder = new Decoder();
    const value = new Map<string, Value>();
    if (root !== null) decoder.decode(root, REGISTRY, [], { get: () => value, set: () => value.clear() });
    const { mirrors, configs } = plain(value) as Registries;
    const { faults, oddities, places } = decoder;
    const registries = { ...(mirrors && { mirrors }), ...(configs && { configs }) };
    return { registries, auths: value.has("auths"), faults, oddities, places };
}

function plain(value: Value): unknown {
    if (!(value instanceof Map)) return value;
    return Object.fromEntries([...value].map(([name, inner]) => [name, plain(inner)]));
}

/** Where a value goes. `undefined` empties it, as null does. */
interface Target {
    get(): Value | undefined;
    set(value: Value | undefined): void;
}

class Decoder {
    readonly faults: KindFault[] = [];
    readonly oddities: Oddity[] = [];
    readonly places = new Map<string, Mark>();
    readonly #openAliases = new Set<YamlAlias>();
    #values = 0;
    #aliased = 0;
    #depth = 0;

    /** Puts a node into a target; false where it does not fit. */
    decode(node: YamlNode, shape: AnyShape, path: FilePath, target: Target): boolean {
        this.#count(node.mark);
        if (node.kind === "alias") return this.#alias(node, () => this.decode(node.target, shape, path, target));
        if (node.kind === "scalar") return this.#scalar(node, shape, path, target);
        if (node.kind === "sequence") {
            if (shape !== "list") return this.#refuse(node, shape, path, "!!seq", null);
            const items = node.items.flatMap((item, index) => {
                const here = [...path, index];
                this.#note(here, item.mark);
                const read = this.#text(item, here);
                return read === null ? [] : [read];
            });
            target.set(items);
            return true;
        }
        if (shape === "text" || shape === "boolean" || shape === "list")
            return this.#refuse(node, shape, path, "!!map", null);
        const present = target.get();
        const map: Map<string, Value> = present instanceof Map ? present : new Map();
        if (map !== present) target.set(map);
        if ("of" in shape) this.#intoMap(node, shape.of, path, map);
        else this.#intoFields(node, shape, path, map);
        return true;
    }

    #count(mark: Mark): void {
        this.#values++;
        if (this.#openAliases.size > 0) this.#aliased++;
        if (this.#aliased <= FREE_ALIASES || this.#values <= FREE_VALUES) return;
        if (this.#aliased / this.#values > allowedAliases(this.#values))
            throw new YamlFault("decoder", "document contains excessive aliasing", mark);
    }

    #alias(node: YamlAlias, decode: () => boolean): boolean {
        if (this.#openAliases.has(node))
            throw new YamlFault("decoder", `anchor '${node.name}' value contains itself`, node.mark);
        this.#openAliases.add(node);
        const isGood = decode();
        this.#openAliases.delete(node);
        return isGood;
    }

    #scalar(node: YamlScalar, shape: AnyShape, path: FilePath, target: Target): boolean {
        const resolved = resolveScalar(node);
        if (resolved.kind === "null") {
            // Behind a pointer, only these three spellings leave nothing; Null and NULL leave an empty structure.
            const isNothing = node.tag !== "" || ["", "~", "null"].includes(node.value);
            target.set(!isNothing && (shape === AUTH || shape === TLS) ? new Map() : undefined);
            return true;
        }
        if (shape === "text") {
            target.set(textOf(node, resolved));
            return true;
        }
        if (shape === "boolean" && resolved.boolean !== undefined) {
            target.set(resolved.boolean);
            return true;
        }
        return this.#refuse(node, shape, path, resolved.tag, node.value);
    }

    /** A key or list item; null where it is no text. */
    #text(node: YamlNode, path: FilePath): string | null {
        let text: Value | undefined;
        const target: Target = { get: () => undefined, set: value => (text = value) };
        if (!this.decode(node, "text", path, target)) return null;
        return typeof text === "string" ? text : "";
    }

    #intoMap(node: YamlMapping, of: AnyShape, path: FilePath, map: Map<string, Value>): void {
        const own = new Set<string>();
        const merged: Target = { get: () => map, set: () => map.clear() };
        this.#entries(node, path, { of, goType: "" }, merged, (name, key, value) => {
            const here = [...path, name];
            if (own.has(name)) this.oddities.push({ kind: "key-twice", path: here });
            own.add(name);
            this.#note(here, key.mark);
            let entry: Value | undefined;
            const target: Target = { get: () => entry, set: inner => (entry = inner) };
            if (this.decode(value, of, here, target)) map.set(name, entry ?? emptyOf(of));
        });
    }

    #intoFields(
        node: YamlMapping,
        shape: { fields: { readonly [name: string]: AnyShape }; goType: string },
        path: FilePath,
        map: Map<string, Value>,
    ): void {
        const own = new Set<string>();
        const merged: Target = { get: () => map, set: () => map.clear() };
        this.#entries(node, path, shape, merged, (name, key, value) => {
            const here = [...path, name];
            this.#note(here, key.mark);
            const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
            if (field === undefined) {
                if (name.startsWith("x-") && path.length === 0) return;
                this.oddities.push({ kind: "unknown-key", path: here, known: Object.keys(shape.fields) });
                return;
            }
            if (own.has(name)) {
                const kind = typeof field === "object" ? "section-twice" : "key-twice";
                this.oddities.push({ kind, path: here });
            }
            own.add(name);
            this.decode(value, field, here, {
                get: () => map.get(name),
                set: inner => (inner === undefined ? map.delete(name) : map.set(name, inner)),
            });
        });
    }

    /** Goes through a map in the order of the file; what a merge key brings takes the place of what stands above it. */
    #entries(
        node: YamlMapping,
        path: FilePath,
        shape: AnyShape,
        merged: Target,
        take: (name: string, key: YamlNode, value: YamlNode) => void,
    ): void {
        const names = new Set<string>();
        for (const [key, value] of node.entries) {
            if (isMergeKey(key)) {
                const brought = namesIn(value);
                for (const name of names)
                    if (brought.has(name)) this.oddities.push({ kind: "merged-over", path: [...path, name] });
                this.#merge(value, shape, path, merged);
                continue;
            }
            const name = this.#text(key, path);
            if (name === null) continue;
            names.add(name);
            take(name, key, value);
        }
    }

    #merge(node: YamlNode, shape: AnyShape, path: FilePath, target: Target): void {
        const notAMap = () =>
            new YamlFault("decoder", "map merge requires map or sequence of maps as the value", node.mark);
        const isMap = (one: YamlNode) => (one.kind === "alias" ? one.target : one).kind === "mapping";
        if (++this.#depth > DEEPEST_MERGE)
            throw new YamlFault("decoder", "merge keys are nested too deep to be followed", node.mark);
        if (node.kind === "sequence") {
            for (const item of node.items.toReversed()) {
                if (!isMap(item)) throw notAMap();
                this.decode(item, shape, path, target);
            }
        } else {
            if (!isMap(node)) throw notAMap();
            this.decode(node, shape, path, target);
        }
        this.#depth--;
    }

    #note(path: FilePath, mark: Mark): void {
        this.places.set(JSON.stringify(path), mark);
    }

    #refuse(node: YamlNode, shape: AnyShape, path: FilePath, tag: string, found: string | null): false {
        const expected = typeof shape === "string" ? shape : "map";
        const k3sWords = `line ${node.mark.line + 1}: cannot unmarshal ${tag} into ${goTypeOf(shape)}`;
        this.faults.push({ path, mark: node.mark, expected, k3sWords, found });
        return false;
    }
}

function textOf(node: YamlScalar, { kind, text }: Resolved): string {
    return kind === "text" ? text : node.value;
}

/** What stands in a map for a null value. */
function emptyOf(shape: AnyShape): Value {
    return shape === "text" ? "" : new Map();
}

function isMergeKey(key: YamlNode): boolean {
    return key.kind === "scalar" && key.value === "<<" && (key.isImplicit || key.tag === "tag:yaml.org,2002:merge");
}

/** Keys of what a merge key brings, as far as they are text. */
function namesIn(node: YamlNode): Set<string> {
    const maps = node.kind === "sequence" ? node.items : [node];
    const entries = maps.flatMap(one => {
        const map = one.kind === "alias" ? one.target : one;
        return map.kind === "mapping" ? map.entries : [];
    });
    return new Set(entries.flatMap(([key]) => (key.kind === "scalar" ? [key.value] : [])));
}

function goTypeOf(shape: AnyShape): string {
    if (shape === "text") return "string";
    if (shape === "boolean") return "bool";
    return shape === "list" ? "[]string" : shape.goType;
}

/** The share of values that may come by aliases: 99 % in a small document, 10 % in a large one (decode.go). */
function allowedAliases(values: number): number {
    const [low, high] = [400_000, 4_000_000];
    if (values <= low) return 0.99;
    return values >= high ? 0.1 : 0.99 - 0.89 * ((values - low) / (high - low));
}
