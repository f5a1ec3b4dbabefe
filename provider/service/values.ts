import struct from "google-protobuf/google/protobuf/struct_pb.js";

/** Stands for a value that is not known at preview. */
export const UNKNOWN = Symbol("unknown");

export type Properties = Record<string, unknown>;

/** A path inside properties: names of objects' keys and indices of arrays. */
export type PropertyPath = readonly (string | number)[];

/** Properties as they came over the wire, unwrapped, and the paths of the secrets among them. */
export interface Decoded {
    values: Properties;
    secrets: SecretPaths;
}

/** Paths of secrets. A path stands for everything below it. */
export type SecretPaths = ReadonlySet<string>;

// Pulumi's marks on the wire: sdk/go/common/resource/sig and the unknown values of sdk/go/common/resource/plugin/rpc.go.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set([
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export function pathKey(path: PropertyPath): string {
    return JSON.stringify(path);
}

export function decode(message: struct.Struct | undefined): Decoded {
    const secrets = new Set<string>();
    const values = message === undefined ? {} : unwrap(message.toJavaScript(), [], secrets);
    return { values: values as Properties, secrets };
}

function unwrap(value: unknown, path: PropertyPath, secrets: Set<string>): unknown {
    if (typeof value === "string") return UNKNOWNS.has(value) ? UNKNOWN : value;
    if (Array.isArray(value)) return value.map((element, index) => unwrap(element, [...path, index], secrets));
    if (typeof value !== "object" || value === null) return value;
    const object = value as Properties;
    switch (object[SIGNATURE]) {
        case undefined:
            return Object.fromEntries(
                Object.entries(object).map(([key, inner]) => [key, unwrap(inner, [...path, key], secrets)]),
            );
        case SECRET:
            secrets.add(pathKey(path));
            return unwrap(object.value, path, secrets);
        case OUTPUT:
            if (object.secret === true) secrets.add(pathKey(path));
            return "value" in object ? unwrap(object.value, path, secrets) : UNKNOWN;
        default:
            throw new Error(`${path.join(".")} is an asset, an archive or a resource, which Clearpath does not take.`);
    }
}

/** Properties for the wire, with the values at `secrets` marked as secret. */
export function encode(values: Properties, secrets: SecretPaths): struct.Struct {
    return struct.Struct.fromJavaScript(wrap(values, [], secrets) as Record<string, struct.JavaScriptValue>);
}

function wrap(value: unknown, path: PropertyPath, secrets: SecretPaths): unknown {
    if (secrets.has(pathKey(path)) && value !== undefined)
        return { [SIGNATURE]: SECRET, value: wrapInner(value, path, new Set()) };
    return wrapInner(value, path, secrets);
}

function wrapInner(value: unknown, path: PropertyPath, secrets: SecretPaths): unknown {
    if (value === UNKNOWN) return UNKNOWN_STRING;
    if (Array.isArray(value)) return value.map((element, index) => wrap(element, [...path, index], secrets));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, inner]) => inner !== undefined)
            .map(([key, inner]) => [key, wrap(inner, [...path, key], secrets)]),
    );
}

/** Whether a value is unknown, or has something unknown in it. */
export function hasUnknown(value: unknown): boolean {
    if (value === UNKNOWN) return true;
    return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
