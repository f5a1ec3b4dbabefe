import { YamlFault } from "./fault.ts";
import type { YamlScalar } from "./parser.ts";

/** What a scalar is for yaml.v2 (resolve.go). `text` is the value of one that is text or stands for bytes. */
export interface Resolved {
    kind: "null" | "boolean" | "number" | "timestamp" | "text";
    boolean?: boolean;
    text: string;
    /** The tag in its short form, as K3s names it in its messages. */
    tag: string;
}

const NULLS = ["", "~", "null", "Null", "NULL"];
const TRUES = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSES = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
const FLOATS = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

const STANDARD = "tag:yaml.org,2002:";

/** Tags whose values are looked at; a value with any other is text. */
const RESOLVED_TAGS = ["", "str", "bool", "int", "float", "null", "timestamp"];

/** Tells what a scalar is. Throws YamlFault for a value that its own tag does not allow. */
export function resolveScalar(scalar: YamlScalar): Resolved {
    const { value } = scalar;
    const asText = (tag: string, text = value): Resolved => ({ kind: "text", text, tag });
    if (scalar.tag === "" && !scalar.isImplicit) return asText("!!str");
    const isStandard = scalar.tag.startsWith(STANDARD);
    const name = isStandard ? scalar.tag.slice(STANDARD.length) : scalar.tag;
    const tag = isStandard ? `!!${name}` : scalar.tag;
    if (isStandard && name === "binary") return asText(tag, decodedBase64(scalar));
    if (!(isStandard || scalar.tag === "") || !RESOLVED_TAGS.includes(name)) return asText(tag);
    if (name === "str") return asText("!!str");
    const plain = resolvePlain(value, name === "" || name === "timestamp");
    const isSame = plain.tag === tag || name === "" || (name === "float" && plain.tag === "!!int" && isSigned(value));
    if (!isSame) {
        throw new YamlFault("decoder", `cannot decode ${plain.tag} \`${value}\` as a ${tag}`, scalar.mark);
    }
    return name === "" ? plain : { ...plain, tag };
}

function resolvePlain(value: string, mayBeTimestamp: boolean): Resolved {
    const is = (kind: Resolved["kind"], tag: string): Resolved => ({ kind, tag, text: value });
    if (NULLS.includes(value)) return is("null", "!!null");
    if (TRUES.includes(value)) return { ...is("boolean", "!!bool"), boolean: true };
    if (FALSES.includes(value)) return { ...is("boolean", "!!bool"), boolean: false };
    if (FLOATS.test(value)) return is("number", "!!float");
    if (value.startsWith(".")) {
        return /^\.\d+(?:[eE][-+]?\d+)?$/.test(value) && Number.isFinite(Number(value))
            ? is("number", "!!float")
            : is("text", "!!str");
    }
    if (!/^[-+0-9]/.test(value)) return is("text", "!!str");
    if (mayBeTimestamp && isTimestamp(value)) return is("timestamp", "!!timestamp");
    const digits = value.replaceAll("_", "");
    if (integerOf(digits) !== null) return is("number", "!!int");
    const isFloat = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(digits) && Number.isFinite(Number(digits));
    return isFloat ? is("number", "!!float") : is("text", "!!str");
}

/** An integer as Go's strconv reads it in base 0: signed in 63 bits, or without a sign in 64. */
function integerOf(digits: string): bigint | null {
    const [, sign = "", body = ""] = /^([-+]?)(.*)$/s.exec(digits)!;
    const isInteger = /^(?:0|[1-9]\d*|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/.test(body);
    if (!isInteger) return null;
    const octal = /^0([0-7]+)$/.exec(body);
    const size = BigInt(octal ? `0o${octal[1]}` : body);
    const most = sign === "-" ? 1n << 63n : sign === "+" ? (1n << 63n) - 1n : (1n << 64n) - 1n;
    return size <= most ? size : null;
}

function isSigned(value: string): boolean {
    const size = integerOf(value.replaceAll("_", ""));
    return size !== null && size < 1n << 63n;
}

function isTimestamp(value: string): boolean {
    const match =
        /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d{2}:\d{2})| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/.exec(
            value,
        );
    if (!match) return false;
    const [year, month, day] = match.slice(1, 4).map(Number) as [number, number, number];
    const [hour, minute, second] = (match[4] ? match.slice(4, 7) : match.slice(7, 10)).map(one => Number(one ?? 0));
    const days = new Date(Date.UTC(2000, month, 0)).getUTCDate();
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    const lastDay = month === 2 && !isLeap ? 28 : days;
    return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour! < 24 && minute! < 60 && second! < 60;
}

function decodedBase64(scalar: YamlScalar): string {
    const text = scalar.value.replace(/[\r\n]/g, "");
    const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    if (!isBase64) throw new YamlFault("decoder", "!!binary value contains invalid base64 data", scalar.mark);
    return Buffer.from(text, "base64").toString("utf8");
}
