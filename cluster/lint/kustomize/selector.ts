/** One part of a selector: what the value of a label or annotation must be. */
type Requirement = (value: string | undefined) => boolean;

/**
 * Kubernetes' label selectors (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors):
 * `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b, c)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
 * Undefined for text that Kubernetes refuses.
 */
export function parseSelector(written: string): ((lookUp: (key: string) => string | undefined) => boolean) | undefined {
    const requirements: { key: string; holds: Requirement }[] = [];
    // A comma within parentheses joins values, not requirements.
    for (const part of written.trim() === "" ? [] : written.split(/,(?![^(]*\))/)) {
        const requirement = parseRequirement(part.trim());
        if (!requirement) return undefined;
        requirements.push(requirement);
    }
    return lookUp => requirements.every(({ key, holds }) => holds(lookUp(key)));
}

function parseRequirement(part: string): { key: string; holds: Requirement } | undefined {
    const set = /^([^\s!=()<>]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
    if (set) {
        const [, key = "", operator, inside = ""] = set;
        const values = inside.split(",").map(value => value.trim());
        // What is not there is in no set.
        const isIn: Requirement = value => value !== undefined && values.includes(value);
        return { key, holds: operator === "in" ? isIn : value => !isIn(value) };
    }
    const comparison = /^([^\s!=()<>]+)\s*(!=|==?|>|<)\s*([^\s!=()<>]*)$/.exec(part);
    if (comparison) {
        const [, key = "", operator, wanted = ""] = comparison;
        if (operator === "!=") return { key, holds: value => value !== wanted };
        if (operator === ">") return { key, holds: value => value !== undefined && Number(value) > Number(wanted) };
        if (operator === "<") return { key, holds: value => value !== undefined && Number(value) < Number(wanted) };
        return { key, holds: value => value === wanted };
    }
    const existence = /^(!?)\s*([^\s!=()<>,]+)$/.exec(part);
    if (!existence) return undefined;
    const [, negation, key = ""] = existence;
    return { key, holds: value => (value === undefined) === (negation === "!") };
}
