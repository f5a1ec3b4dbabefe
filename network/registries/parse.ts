import { type Decoded, decodeRegistries, type KindFault, type Oddity } from "./decode.ts";
import { withoutCredentials } from "./endpoint.ts";
import type { FilePath, Position } from "./place.ts";
import type { Registries } from "./schema.ts";
import { YamlFault } from "./yaml/fault.ts";
import { faultSentence, placeOfFault } from "./yaml/faultSentence.ts";
import { parseYaml } from "./yaml/parser.ts";

/** What K3s does not start with, and where. */
export interface Problem extends Position {
    /** The value's path as it is written in code, or "" for the whole file. */
    path: string;
    message: string;
}

/** A registries.yaml that K3s reads, and where each of its values stands. */
export interface RegistriesFile {
    registries: Registries;
    /** What K3s reads in another way than it looks, or not at all. */
    oddities: readonly Oddity[];
    /** Whether the file has `auths`, which K3s and k3d write and K3s does not use. */
    hasAuths: boolean;
    /** Where a part of the file begins that K3s does not read, such as a second document; null where there is none. */
    unread: Position | null;
    /** Place of a key or list item; of the nearest thing around it when it is not in the file. */
    positionOf(path: FilePath): Position;
}

export type ParsedRegistries =
    | { file: RegistriesFile; problems: readonly [] }
    | { file: null; problems: readonly Problem[] };

/**
 * Reads a registries.yaml exactly as K3s does, with the rules of gopkg.in/yaml.v2. Every problem is a reason for which
 * K3s does not start, and says where it is. An empty file means no registries.
 */
export function parseRegistries(source: string | Uint8Array): ParsedRegistries {
    const bytes = typeof source === "string" ? Buffer.from(source, "utf8") : source;
    try {
        const { root, rest } = parseYaml(bytes);
        const decoded = decodeRegistries(root);
        const positionOf = positions(decoded);
        if (decoded.faults.length > 0) {
            const problems = decoded.faults.map(fault => kindProblem(fault, positionOf));
            return { file: null, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
        }
        const { registries, auths, oddities } = decoded;
        const unread = rest && { line: rest.line + 1, column: rest.column + 1 };
        return { file: { registries, oddities, hasAuths: auths, unread, positionOf }, problems: [] };
    } catch (error) {
        if (!(error instanceof YamlFault)) throw error;
        const { line, column } = placeOfFault(error);
        const problem = { line: line + 1, column: column + 1, path: "", message: faultSentence(error, bytes) };
        return { file: null, problems: [problem] };
    }
}

/** A path as it is written in code: `mirrors["docker.io"].endpoint[0]`. Shows no credentials. */
export function pathText(path: FilePath): string {
    return path
        .map((key, index) => {
            if (typeof key === "number") return `[${key}]`;
            if (!/^[A-Za-z_]\w*$/.test(key)) return `[${JSON.stringify(withoutCredentials(key))}]`;
            return index === 0 ? key : `.${key}`;
        })
        .join("");
}

function positions({ places }: Decoded): RegistriesFile["positionOf"] {
    return path => {
        for (let length = path.length; length > 0; length--) {
            const mark = places.get(JSON.stringify(path.slice(0, length)));
            if (mark) return { line: mark.line + 1, column: mark.column + 1 };
        }
        return { line: 1, column: 1 };
    };
}

const KINDS: Readonly<Record<KindFault["expected"], string>> = {
    boolean: "true or false, without quotes",
    list: "a list",
    map: "a map",
    text: "text",
};

function kindProblem(fault: KindFault, positionOf: RegistriesFile["positionOf"]): Problem {
    const { path, expected, k3sWords } = fault;
    const message = `it must be ${KINDS[expected]}; K3s does not start with this file ("yaml: ${k3sWords}").${hintOf(fault)}`;
    return { ...positionOf(path), path: pathText(path), message };
}

/** What most often makes something else of what was meant. */
function hintOf({ expected, found, path, mark }: KindFault): string {
    if (expected === "list" && found !== null) return ` Put "- " before each endpoint.`;
    if (expected !== "map") return "";
    if (found === null) {
        if (path.length !== 2 || path[0] !== "mirrors") return "";
        return path[1] === "endpoint" || path[1] === "rewrite"
            ? " Indent it below a registry's name."
            : " Write `endpoint:` above the list.";
    }
    if (/^[\w.-]+:\S/.test(found)) return ` A space is missing after the colon in line ${mark.line + 1}.`;
    return ` A colon is missing at the end of line ${mark.line + 1}.`;
}
