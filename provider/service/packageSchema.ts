import type { z } from "zod";
import { Connection, JumpHost } from "../host/connection.ts";
import { type AnyResourceKind, withoutWays } from "../resource.ts";
import { metaOf, unwrapped } from "../schemaOf.ts";
import { version } from "../version.ts";

type Json = Record<string, unknown>;

const NAMED = new Map<z.core.$ZodType, string>([
    [Connection, "clearpath:index:Connection"],
    [JumpHost, "clearpath:index:JumpHost"],
]);

/** The package schema that Pulumi's tools read (`pulumi package get-schema`), made from the zod schemas. */
export function packageSchema(kinds: readonly AnyResourceKind[]): Json {
    const types: Json = {};
    const resources = kinds.map(kind => {
        const owner = kind.token;
        const inputs = properties(kind.inputs, owner, types);
        const echoed = withoutWays(inputs);
        return [
            kind.token,
            {
                description: kind.description,
                inputProperties: inputs,
                requiredInputs: required(kind.inputs),
                properties: { ...echoed, ...properties(kind.outputs, owner, types) },
                required: [
                    ...Object.keys(echoed).filter(name => !isOptional(kind.inputs.shape[name]!, "output")),
                    ...Object.keys(kind.outputs.shape).filter(name => !isOptional(kind.outputs.shape[name]!, "output")),
                ],
            },
        ];
    });
    return {
        name: "clearpath",
        version,
        displayName: "Clearpath",
        description: "Keeps the egress path of a K3s cluster on Proxmox clear.",
        license: "Apache-2.0",
        config: {},
        provider: { description: "The provider needs no configuration of its own: each resource has its connection." },
        types,
        resources: Object.fromEntries(resources),
    };
}

function properties(schema: z.ZodObject, owner: string, types: Json): Json {
    return Object.fromEntries(
        Object.entries(schema.shape).map(([name, property]) => [name, propertyOf(property, owner, name, types)]),
    );
}

function required(schema: z.ZodObject): string[] {
    return Object.keys(schema.shape).filter(name => !isOptional(schema.shape[name]!, "input"));
}

/** Whether a property may be absent. With a default it may be absent in inputs, but not in outputs. */
function isOptional(schema: z.core.$ZodType, side: "input" | "output"): boolean {
    const { def } = schema._zod as unknown as { def: { type: string; innerType?: z.core.$ZodType } };
    if (def.type === "optional" || def.type === "nullable") return true;
    return def.type === "default" && (side === "input" || isOptional(def.innerType!, side));
}

function propertyOf(schema: z.core.$ZodType, owner: string, name: string, types: Json): Json {
    const { description, secret } = metaOf(schema);
    const { def } = schema._zod as unknown as { def: { type: string; defaultValue?: unknown } };
    const isPlain = def.type === "default" && typeof def.defaultValue !== "object";
    return {
        ...typeOf(schema, owner + capitalized(name), types),
        ...(description !== undefined && { description }),
        ...(secret === true && { secret }),
        ...(isPlain && { default: def.defaultValue }),
    };
}

function capitalized(name: string): string {
    return name.charAt(0).toUpperCase() + name.slice(1);
}

interface Definition {
    type: string;
    element?: z.core.$ZodType;
    valueType?: z.core.$ZodType;
    options?: z.core.$ZodType[];
    entries?: Record<string, string>;
    values?: unknown[];
    format?: string;
}

/** A Pulumi type. Objects and enums become separate types, named after the place where they appear first. */
function typeOf(wrapped: z.core.$ZodType, token: string, types: Json): Json {
    const schema = unwrapped(wrapped);
    const def = (schema._zod as unknown as { def: Definition }).def;
    switch (def.type) {
        case "string":
        case "boolean":
            return { type: def.type };
        case "number":
            return { type: isInteger(schema) ? "integer" : "number" };
        case "literal":
            return { type: typeof def.values![0] };
        case "array":
            return { type: "array", items: typeOf(def.element!, token, types) };
        case "record":
            return { type: "object", additionalProperties: typeOf(def.valueType!, token, types) };
        case "union":
            return { oneOf: def.options!.map(option => typeOf(option, token, types)) };
        case "enum":
            types[token] = { type: "string", enum: Object.values(def.entries!).map(value => ({ value })) };
            return { type: "string", $ref: `#/types/${token}` };
        case "object":
            return objectType(schema as z.ZodObject, token, types);
        default:
            return { $ref: "pulumi.json#/Any" };
    }
}

function isInteger(schema: z.core.$ZodType): boolean {
    const { def } = schema._zod as unknown as { def: { format?: string } };
    return def.format === "safeint" || def.format === "int32";
}

function objectType(schema: z.ZodObject, fallback: string, types: Json): Json {
    const token =
        [...NAMED].find(([named]) => unwrapped(named) === schema || sameShape(named, schema))?.[1] ?? fallback;
    if (!(token in types)) {
        types[token] = {};
        types[token] = {
            type: "object",
            ...(metaOf(schema).description !== undefined && { description: metaOf(schema).description }),
            properties: properties(schema, token, types),
            required: required(schema),
        };
    }
    return { type: "object", $ref: `#/types/${token}` };
}

/** `.describe()` makes a copy of a schema; its shape stays the same object's. */
function sameShape(named: z.core.$ZodType, schema: z.ZodObject): boolean {
    return (named as z.ZodObject).shape === schema.shape;
}
