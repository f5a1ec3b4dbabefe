import { z } from "zod";
import { nearestWord } from "../../network/nearestWord.ts";
import { isSecret } from "../../provider/schemaOf.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What is wrong with one value of the configuration, and what would be right. */
export interface Fault {
    /** As in `nodes[0].connection.host`. */
    path: string;
    /** One or two sentences; the first says what is wrong, the second what to write. */
    sentence: string;
}

/** Every fault that zod found in a value of this schema, each in words that need no knowledge of schemas. */
export function faultsOf(schema: z.ZodType, issues: readonly Issue[]): Fault[] {
    return issues.flatMap(issue => faultsOfIssue(schema, [], issue));
}

export function spellPath(path: Path): string {
    return path
        .map(part => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
        .join("")
        .replace(/^\./, "");
}

function faultsOfIssue(root: z.ZodType, base: Path, issue: Issue): Fault[] {
    const path = [...base, ...issue.path];
    if (issue.code === "unrecognized_keys") return issue.keys.map(key => unknownKey(root, path, key));
    if (issue.code === "invalid_union") {
        // The branch that was meant is the one whose kind of value was right: the fault is inside of it.
        const meant = issue.errors.find(branch => branch.every(inner => !isOfAnotherKind(inner)));
        if (meant) return meant.flatMap(inner => faultsOfIssue(root, path, inner));
    }
    const sentence = [whatIsWrong(root, path, issue), remedy(root, path, issue)].filter(part => part !== "").join(" ");
    return [{ path: spellPath(path), sentence }];
}

function isOfAnotherKind(issue: Issue): boolean {
    return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function unknownKey(root: z.ZodType, path: Path, key: string): Fault {
    const known = schemasAt(root, path).flatMap(schema =>
        schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
    );
    const near = nearestWord(key, known);
    const meant = near === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean ${near}?`;
    return { path: spellPath([...path, key]), sentence: `There is no setting of this name. ${meant}` };
}

const KINDS: Record<string, string> = {
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a group of settings",
};

function whatIsWrong(root: z.ZodType, path: Path, issue: Issue): string {
    if (issue.input === undefined) return "It is missing.";
    const value = shown(root, path, issue.input);
    switch (issue.code) {
        case "invalid_type": {
            const whole = schemasAt(root, path).some(schema => schema instanceof z.ZodNumberFormat);
            return `${value} is not ${(whole ? KINDS.int : KINDS[issue.expected]) ?? issue.expected}.`;
        }
        case "invalid_value":
            return `${value} is not one of ${issue.values.join(", ")}.`;
        case "too_small":
            if (issue.origin === "array" || issue.origin === "string") return "It is empty.";
            return `${value} is too small: ${Number(issue.minimum)} is the least.`;
        case "too_big":
            return `${value} is too large: ${Number(issue.maximum)} is the most.`;
        case "invalid_format":
            return `${value} ${issue.message.replace(/^Invalid string: /, "")}.`;
        case "custom":
            return `${value} ${issue.message}`;
        default:
            return `${value} is not a value that this setting takes.`;
    }
}

/** The schema's own example where it has one, or what the value means. */
function remedy(root: z.ZodType, path: Path, issue: Issue): string {
    // A custom fault names its remedy itself.
    if (issue.code === "custom") return "";
    if (issue.code === "invalid_value" && issue.input !== undefined) return "Write one of these.";
    const metas = schemasAt(root, path).map(schema => z.globalRegistry.get(schema) ?? {});
    const example = metas.flatMap(meta => (Array.isArray(meta.examples) ? meta.examples : []))[0];
    if (example !== undefined) return `Write for example ${String(example)}.`;
    const description = metas.map(meta => meta.description).find(text => text !== undefined);
    return description === undefined ? "" : `Expected here: ${description}`;
}

/** A value as it was written, cut to a line's length; of a secret nothing. */
function shown(root: z.ZodType, path: Path, value: unknown): string {
    const secret = path.some((_, index) => schemasAt(root, path.slice(0, index + 1)).some(isSecret));
    if (secret) return "The value";
    if (typeof value === "object" && value !== null) return Array.isArray(value) ? "A list" : "A group of settings";
    const text = JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 56)}…"` : text;
}

/** The schemas that say something about the value at a path: wrappers, what they wrap, and all branches of a union. */
function schemasAt(root: z.core.$ZodType, path: Path): z.core.$ZodType[] {
    const layers = layersOf(root);
    const [part, ...rest] = path;
    if (part === undefined) return layers;
    return layers.flatMap(schema => {
        if (schema instanceof z.ZodObject && String(part) in schema.shape)
            return schemasAt(schema.shape[String(part)], rest);
        return schema instanceof z.ZodArray ? schemasAt(schema.element, rest) : [];
    });
}

function layersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
    if (schema instanceof z.ZodUnion) return [schema, ...schema.options.flatMap(option => layersOf(option))];
    const wraps =
        schema instanceof z.ZodOptional ||
        schema instanceof z.ZodNullable ||
        schema instanceof z.ZodDefault ||
        schema instanceof z.ZodPrefault;
    return wraps ? [schema, ...layersOf(schema.unwrap())] : [schema];
}
