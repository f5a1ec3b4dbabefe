/** The value of a variable: a text; empty where nothing sets it; undefined where only the cluster knows it. */
export type ValueOf = (name: string) => string | undefined;

/** Text that Flux cannot substitute variables in; it then refuses the whole build. */
export class BadSubstitution extends Error {
    override name = "BadSubstitution";
}

/**
 * Flux's variables (https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution): `${name}`,
 * with a default (`:-`, `:=`, `=`), in other case (`^`, `,`), a part (`:0:3`), replaced (`/a/b`), trimmed (`#`, `%`), or its
 * length (`${#name}`). `$${` stands for `${`. What needs a value that only the cluster knows stays as it is written.
 */
export function evaluated(text: string, lookUp: ValueOf): string {
    let result = "";
    for (let position = 0; position < text.length; ) {
        if (text.startsWith("$${", position)) {
            result += "${";
            position += 3;
        } else if (text.startsWith("${", position)) {
            const end = closingBrace(text, position + 2);
            const written = text.slice(position, end + 1);
            result += valueOfExpression(written.slice(2, -1), lookUp) ?? written;
            position = end + 1;
        } else {
            result += text[position];
            position += 1;
        }
    }
    return result;
}

function closingBrace(text: string, from: number): number {
    let depth = 1;
    for (let position = from; position < text.length; position++) {
        if (text.startsWith("${", position)) depth += 1;
        if (text[position] === "}") depth -= 1;
        if (depth === 0) return position;
    }
    throw new BadSubstitution(`a variable without its closing brace: ${shown(text.slice(from))}`);
}

/** The first characters of what follows `${`, control characters escaped. */
function shown(inside: string): string {
    return JSON.stringify(`\${${inside.slice(0, 40)}`);
}

function valueOfExpression(inside: string, lookUp: ValueOf): string | undefined {
    const length = /^#([_A-Za-z]\w*)$/.exec(inside)?.[1];
    if (length) {
        const value = lookUp(length);
        return value === undefined ? undefined : String(value.length);
    }
    const [, name = "", operator = "", rest = ""] =
        /^([_A-Za-z]\w*)(:[-=?+]|=|\^\^?|,,?|\/\/|\/#|\/%|\/|##?|%%?|:|)(.*)$/s.exec(inside) ?? [];
    const isWhole = operator === "" || operator === "^" || operator === "^^" || operator === "," || operator === ",,";
    if (name === "" || (isWhole && rest !== "")) throw new BadSubstitution(`not a variable: ${shown(inside)}`);
    const value = lookUp(name);
    const argument = () => evaluated(rest, lookUp);
    // Flux gives the default for each of these, and for what is set and empty too.
    if (/^:[-=?+]$|^=$/.test(operator)) return value || argument();
    if (value === undefined) return undefined;
    const [first = "", second = ""] = argument().split(operator === ":" ? ":" : "/");
    switch (operator) {
        case "^":
            return value.slice(0, 1).toUpperCase() + value.slice(1);
        case "^^":
            return value.toUpperCase();
        case ",":
            return value.slice(0, 1).toLowerCase() + value.slice(1);
        case ",,":
            return value.toLowerCase();
        case ":":
            return value.slice(Number(first) || 0, second === "" ? undefined : (Number(first) || 0) + Number(second));
        case "/":
            return value.replace(first, () => second);
        case "//":
            return first === "" ? value : value.replaceAll(first, () => second);
        case "/#":
            return value.startsWith(first) ? second + value.slice(first.length) : value;
        case "/%":
            return value.endsWith(first) ? value.slice(0, value.length - first.length) + second : value;
        case "":
            return value;
        default:
            return trimmed(value, operator, argument());
    }
}

/** `#` and `##` take a pattern off the front, `%` and `%%` off the end; the doubled ones take as much as they can. */
function trimmed(value: string, operator: string, pattern: string): string {
    const isFront = operator.startsWith("#");
    const expression = [...pattern]
        .map(character =>
            character === "*" ? ".*" : character === "?" ? "." : character.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
        )
        .join("");
    const fits = new RegExp(`^${expression}$`, "s");
    const cuts = Array.from({ length: value.length + 1 }, (_, size) => size);
    for (const size of operator.length === 2 ? cuts.reverse() : cuts) {
        const part = isFront ? value.slice(0, size) : value.slice(value.length - size);
        if (fits.test(part)) return isFront ? value.slice(size) : value.slice(0, value.length - size);
    }
    return value;
}
