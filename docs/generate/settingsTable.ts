import { z } from "zod";
import { GivenConnection, SharedConnection, StackSettings } from "../../components/config/config.ts";

/** Every key of the stack's configuration as a Markdown table, from the schema that checks it. */
export function settingsTable(): string {
    const rows = rowsOf("", StackSettings);
    return markdownTable(["key under `clearpath:`", "value", "default", "what it is"], rows);
}

/** A table in the layout that the formatter gives it: every column as wide as its widest cell. */
export function markdownTable(head: string[], rows: string[][]): string {
    const escaped = rows.map(row => row.map(cell => cell.replaceAll("|", "\\|")));
    const widths = head.map((_, column) => Math.max(...[head, ...escaped].map(row => row[column]!.length)));
    const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
    return [line(head), line(widths.map(width => "-".repeat(width))), ...escaped.map(line)].join("\n");
}

/** A row for each key of an object, and of the objects in it: name, value, default, description. */
export function rowsOf(path: string, schema: z.ZodObject): string[][] {
    return Object.entries(schema.shape).flatMap(([key, field]) => {
        const name = path === "" ? key : `${path}.${key}`;
        const { inner, fallback, description } = unwrap(field);
        const row = [`\`${name}\``, kindOf(inner), fallback, description];
        return [row, ...nestedRows(name, inner)];
    });
}

function nestedRows(name: string, schema: z.core.$ZodType): string[][] {
    if (isConnection(schema)) return [];
    if (schema instanceof z.ZodObject) return rowsOf(name, schema);
    if (schema instanceof z.ZodArray) return nestedRows(`${name}[]`, unwrap(schema.element).inner);
    return [];
}

/** A connection's arguments are listed once, with the resources. */
function isConnection(schema: z.core.$ZodType): boolean {
    const shapes: unknown[] = [GivenConnection.shape, SharedConnection.shape];
    return schema instanceof z.ZodObject && shapes.includes(schema.shape);
}

interface Unwrapped {
    inner: z.core.$ZodType;
    /** As it is written in the table: empty for what may be left out. */
    fallback: string;
    description: string;
}

function unwrap(field: z.core.$ZodType): Unwrapped {
    const own = z.globalRegistry.get(field)?.description;
    if (field instanceof z.ZodOptional || field instanceof z.ZodNullable) {
        const { inner, description } = unwrap(field.unwrap());
        return { inner, fallback: "", description: own ?? description };
    }
    if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault) {
        const { inner, description } = unwrap(field.unwrap());
        return { inner, fallback: defaultOf(field.def.defaultValue), description: own ?? description };
    }
    if (field instanceof z.ZodPipe) {
        const written = unwrap(field.in);
        return { ...written, description: own ?? written.description };
    }
    return { inner: field, fallback: "required", description: own ?? "" };
}

function defaultOf(value: unknown): string {
    if (Array.isArray(value) && value.length > 2) return `the plan's ${value.length}`;
    if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return "";
    return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function kindOf(schema: z.core.$ZodType): string {
    if (isConnection(schema)) return "[connection](resources.md)";
    if (schema instanceof z.ZodUnion) return schema.options.map(option => kindOf(unwrap(option).inner)).join(" or ");
    if (schema instanceof z.ZodArray) return `list of ${kindOf(unwrap(schema.element).inner)}`;
    if (schema instanceof z.ZodEnum) return schema.options.map(option => `\`${String(option)}\``).join(", ");
    if (schema instanceof z.ZodLiteral) return [...schema.values].map(value => `\`${String(value)}\``).join(", ");
    if (schema instanceof z.ZodNumberFormat) return "whole number";
    if (schema instanceof z.ZodNumber) return "number";
    if (schema instanceof z.ZodBoolean) return "`true` or `false`";
    if (schema instanceof z.ZodObject) return `{ ${Object.keys(schema.shape).join(", ")} }`;
    return "text";
}
