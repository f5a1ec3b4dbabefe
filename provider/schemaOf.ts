import { z } from "zod";

/** The schema under `.optional()`, `.default()` and `.nullable()`. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
        return unwrapped(schema.unwrap());
    return schema;
}

/** The texts that `.describe()` and `.meta()` gave to a schema or to one of its wrappers. */
export function metaOf(schema: z.core.$ZodType | undefined): { description?: string; secret?: boolean } {
    if (schema === undefined) return {};
    const own = z.globalRegistry.get(schema) ?? {};
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
        return { ...metaOf(schema.unwrap()), ...own };
    return own;
}

export function isSecret(schema: z.core.$ZodType | undefined): boolean {
    return metaOf(schema).secret === true;
}

/** The object schema of a property; undefined when the property is no object. */
export function objectShape(schema: z.core.$ZodType): z.ZodObject | undefined {
    const inner = unwrapped(schema);
    return inner instanceof z.ZodObject ? inner : undefined;
}

/** The schema of the elements of a map or a list; undefined for any other schema. */
export function elementOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodRecord) return inner.valueType;
    return inner instanceof z.ZodArray ? inner.element : undefined;
}
