import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING, UNKNOWN_VALUES } from "./signatures.ts";
import { Unsupported } from "./unsupported.ts";
import { isMap, type PropertyMap, type PropertyValue, ResourceReference, Secret, UNKNOWN, Unknown } from "./values.ts";

/** What the receiver of a message understands. What it does not is left out (unknowns) or unwrapped (secrets, references). */
export interface WireOptions {
    unknowns: boolean;
    secrets: boolean;
    references: boolean;
}

/** Everything kept: how values travel between the program and the engine. */
export const KEEP_ALL: WireOptions = { unknowns: true, secrets: true, references: true };

type Struct = InstanceType<typeof structProto.Struct>;
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function encodeReference(reference: ResourceReference, options: WireOptions): Json {
    const id = reference.id instanceof Unknown ? "" : reference.id;
    if (!options.references) {
        if (reference.id instanceof Unknown) return UNKNOWN_STRING;
        return id ?? reference.urn;
    }
    return {
        [SIGNATURE_KEY]: SIGNATURE.resourceReference,
        urn: reference.urn,
        packageVersion: reference.packageVersion,
        ...(id === undefined ? {} : { id }),
    };
}

/** The value as protobuf JSON, or undefined where it is unknown and unknowns are not wanted. */
function encode(value: PropertyValue, options: WireOptions): Json | undefined {
    if (value instanceof Unknown) return options.unknowns ? UNKNOWN_STRING : undefined;
    if (value instanceof ResourceReference) return encodeReference(value, options);
    if (value instanceof Secret) {
        const element = encode(value.element, options);
        if (!options.secrets || element === undefined) return element;
        return { [SIGNATURE_KEY]: SIGNATURE.secret, value: element };
    }
    if (Array.isArray(value)) {
        return value.map(element => encode(element, options)).filter(element => element !== undefined);
    }
    return isMap(value) ? encodeMap(value, options) : value;
}

function encodeMap(map: PropertyMap, options: WireOptions): Record<string, Json> {
    const encoded: Record<string, Json> = {};
    for (const [key, value] of Object.entries(map)) {
        const element = encode(value, options);
        if (element !== undefined) encoded[key] = element;
    }
    return encoded;
}

function decodeOutputValue(fields: Record<string, Json>): PropertyValue {
    const element = "value" in fields ? decode(fields.value ?? null) : UNKNOWN;
    return fields.secret === true ? new Secret(element) : element;
}

function decodeReference(fields: Record<string, Json>): ResourceReference {
    const id = typeof fields.id === "string" ? (fields.id === "" ? UNKNOWN : fields.id) : undefined;
    return new ResourceReference(String(fields.urn), id, String(fields.packageVersion ?? ""));
}

function decode(json: Json): PropertyValue {
    if (typeof json === "string") return UNKNOWN_VALUES.has(json) ? UNKNOWN : json;
    if (json === null || typeof json !== "object") return json;
    if (Array.isArray(json)) return json.map(decode);
    switch (json[SIGNATURE_KEY]) {
        case undefined:
            return decodeMap(json);
        case SIGNATURE.secret:
            return new Secret(decode(json.value ?? null));
        case SIGNATURE.resourceReference:
            return decodeReference(json);
        case SIGNATURE.outputValue:
            return decodeOutputValue(json);
        case SIGNATURE.asset:
        case SIGNATURE.archive:
            throw new Unsupported("assets or archives", "A property");
        default:
            throw new Unsupported(`a value of kind ${String(json[SIGNATURE_KEY])}`, "A property");
    }
}

function decodeMap(json: Record<string, Json>): PropertyMap {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decode(value)]));
}

/** Properties as a protobuf struct, for a receiver that understands `options`. */
export function toStruct(map: PropertyMap, options: WireOptions): Struct {
    return structProto.Struct.fromJavaScript(encodeMap(map, options));
}

/** Properties out of a protobuf struct. An absent struct is an empty map. */
export function fromStruct(struct: Struct | undefined): PropertyMap {
    return struct === undefined ? {} : decodeMap(struct.toJavaScript() as Record<string, Json>);
}
