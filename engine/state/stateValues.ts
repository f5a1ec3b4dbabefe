import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING } from "../protocol/signatures.ts";
import { Unsupported } from "../protocol/unsupported.ts";
import {
    isMap,
    type PropertyMap,
    type PropertyValue,
    ResourceReference,
    Secret,
    UNKNOWN,
    Unknown,
} from "../protocol/values.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Encrypt = (plaintext: string) => string;
type Decrypt = (ciphertext: string) => string;

const AS_IT_IS = (text: string) => text;

function encode(value: PropertyValue, encrypt: Encrypt): Json {
    if (value instanceof Unknown) return UNKNOWN_STRING;
    if (value instanceof Secret) {
        const plaintext = JSON.stringify(encode(value.element, AS_IT_IS));
        return { [SIGNATURE_KEY]: SIGNATURE.secret, ciphertext: encrypt(plaintext) };
    }
    if (value instanceof ResourceReference) {
        const id = value.id instanceof Unknown ? "" : value.id;
        return {
            [SIGNATURE_KEY]: SIGNATURE.resourceReference,
            urn: value.urn,
            packageVersion: value.packageVersion,
            ...(id === undefined ? {} : { id }),
        };
    }
    if (Array.isArray(value)) return value.map(element => encode(element, encrypt));
    return isMap(value) ? encodeProperties(value, encrypt) : value;
}

/** Properties as the state holds them: a secret is its encrypted JSON. */
export function encodeProperties(map: PropertyMap, encrypt: Encrypt): { [key: string]: Json } {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, encode(value, encrypt)]));
}

function decodeSigned(signature: Json, fields: { [key: string]: Json }, decrypt: Decrypt): PropertyValue {
    switch (signature) {
        case SIGNATURE.secret:
            return new Secret(decode(JSON.parse(decrypt(String(fields.ciphertext))), AS_IT_IS));
        case SIGNATURE.resourceReference: {
            const id = typeof fields.id === "string" ? (fields.id === "" ? UNKNOWN : fields.id) : undefined;
            return new ResourceReference(String(fields.urn), id, String(fields.packageVersion ?? ""));
        }
        default:
            throw new Unsupported("assets, archives or another special kind of value", "The stack's state");
    }
}

function decode(json: Json, decrypt: Decrypt): PropertyValue {
    if (json === UNKNOWN_STRING) return UNKNOWN;
    if (json === null || typeof json !== "object") return json;
    if (Array.isArray(json)) return json.map(element => decode(element, decrypt));
    const signature = json[SIGNATURE_KEY];
    return signature === undefined ? decodeProperties(json, decrypt) : decodeSigned(signature, json, decrypt);
}

/** Properties out of the state. */
export function decodeProperties(json: { [key: string]: Json }, decrypt: Decrypt): PropertyMap {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decode(value, decrypt)]));
}
