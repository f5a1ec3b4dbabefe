import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { Connection } from "./host/connection.ts";
import { kinds } from "./kinds.ts";
import type { AnyResourceKind } from "./resource.ts";
import { metaOf, objectShape, unwrapped } from "./schemaOf.ts";

/** Where the reference page is kept. `node provider/resourcesPage.ts` writes it. */
export const PAGE = fileURLToPath(new URL("../docs/reference/resources.md", import.meta.url));

/** The reference page of all resources, made from their zod schemas. */
export function resourcesPage(): string {
    return `# Resources

Made from the schemas in \`provider/resources\` by \`node provider/resourcesPage.ts\`.
${kinds.map(section).join("")}
## connection

${table(Connection)}
The connection of a jump host (\`proxy\`) has the same properties, without \`proxy\`.
`;
}

function section(kind: AnyResourceKind): string {
    const replaces = kind.replaceOn.length === 0 ? "" : `Another ${list(kind.replaceOn)} replaces the resource. `;
    return `
## ${kind.token}

${kind.description} ${replaces}Ids look like \`${kind.idExample}\`.

${table(kind.inputs)}
Outputs, beside the inputs without those that say how hosts are reached:

${table(kind.outputs)}`;
}

function list(names: readonly string[]): string {
    return names.map(name => `\`${name}\``).join(" or ");
}

function table(schema: z.ZodObject): string {
    const rows = Object.entries(schema.shape).map(([name, property]) => {
        const { description = "", secret } = metaOf(property);
        const text = `${description}${secret ? " Secret." : ""}`.replaceAll("|", "\\|");
        return `| \`${name}\` | ${typeText(property)} | ${defaultText(property)} | ${text} |\n`;
    });
    return `| property | type | default | |\n|---|---|---|---|\n${rows.join("")}`;
}

interface Definition {
    type: string;
    element?: z.core.$ZodType;
    valueType?: z.core.$ZodType;
    innerType?: z.core.$ZodType;
    entries?: Record<string, string>;
    format?: string;
    defaultValue?: unknown;
}

function definitionOf(schema: z.core.$ZodType): Definition {
    return (schema._zod as unknown as { def: Definition }).def;
}

function typeText(wrapped: z.core.$ZodType): string {
    const def = definitionOf(unwrapped(wrapped));
    const orNull = definitionOf(wrapped).type === "nullable" ? " or null" : "";
    switch (def.type) {
        case "enum":
            return Object.values(def.entries!)
                .map(value => `\`${value}\``)
                .join(", ");
        case "number":
            return `${def.format === undefined ? "number" : "integer"}${orNull}`;
        case "array":
            return `list of ${typeText(def.element!)}${orNull}`;
        case "record":
            return `map to ${typeText(def.valueType!)}${orNull}`;
        case "object": {
            if (isConnection(objectShape(wrapped)!.shape)) return "[connection](#connection)";
            const names = Object.keys(objectShape(wrapped)!.shape);
            return `object${names.length > 8 ? "" : ` of ${names.map(name => `\`${name}\``).join(", ")}`}${orNull}`;
        }
        default:
            return `${def.type}${orNull}`;
    }
}

function defaultText(schema: z.core.$ZodType): string {
    const { type, defaultValue, innerType } = definitionOf(schema);
    if (type === "default") return `\`${JSON.stringify(defaultValue)}\``;
    if (type === "optional") return definitionOf(innerType!).type === "default" ? defaultText(innerType!) : "none";
    return "";
}

/** Compares the names of properties, because a module that is loaded twice makes two schemas. */
function isConnection(shape: object): boolean {
    return Object.keys(shape).join() === Object.keys(Connection.shape).join();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, resourcesPage());
