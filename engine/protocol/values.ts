/** A property value that must never be shown or stored in clear. */
export class Secret {
    readonly element: PropertyValue;

    constructor(element: PropertyValue) {
        this.element = element;
    }
}

/** A property value that only an update will tell. It exists during a preview. */
export class Unknown {}

/** The one unknown value. */
export const UNKNOWN = new Unknown();

/** A resource passed as a value. `id` is undefined for components. */
export class ResourceReference {
    readonly urn: string;
    readonly id: string | Unknown | undefined;
    readonly packageVersion: string;

    constructor(urn: string, id: string | Unknown | undefined, packageVersion: string) {
        this.urn = urn;
        this.id = id;
        this.packageVersion = packageVersion;
    }
}

export type PropertyValue =
    | null
    | boolean
    | number
    | string
    | PropertyValue[]
    | PropertyMap
    | Secret
    | Unknown
    | ResourceReference;

export interface PropertyMap {
    [key: string]: PropertyValue;
}

/** Whether a value is an object with properties of its own, and none of the special kinds. */
export function isMap(value: PropertyValue | undefined): value is PropertyMap {
    return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        !(value instanceof Secret) &&
        !(value instanceof Unknown) &&
        !(value instanceof ResourceReference)
    );
}

/** Values inside `value`, one level down; a secret holds one. */
function childrenOf(value: PropertyValue): PropertyValue[] {
    if (value instanceof Secret) return [value.element];
    if (Array.isArray(value)) return value;
    return isMap(value) ? Object.values(value) : [];
}

export function containsUnknown(value: PropertyValue): boolean {
    if (value instanceof ResourceReference) return value.id instanceof Unknown;
    return value instanceof Unknown || childrenOf(value).some(containsUnknown);
}

export function containsSecret(value: PropertyValue): boolean {
    return value instanceof Secret || childrenOf(value).some(containsSecret);
}

/** Applies `change` to every value one level down and keeps the shape. */
export function mapMap(map: PropertyMap, change: (value: PropertyValue) => PropertyValue): PropertyMap {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** The value with every secret replaced by what it hides. */
export function withoutSecrets(value: PropertyValue): PropertyValue {
    if (value instanceof Secret) return withoutSecrets(value.element);
    if (Array.isArray(value)) return value.map(withoutSecrets);
    return isMap(value) ? mapMap(value, withoutSecrets) : value;
}

/** Whether two values are the same to Pulumi: an absent property equals null, an unknown equals an unknown. */
export function sameValue(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
    if (a === undefined || a === null) return b === undefined || b === null;
    if (a instanceof Secret) return b instanceof Secret && sameValue(a.element, b.element);
    if (a instanceof Unknown) return b instanceof Unknown;
    if (a instanceof ResourceReference) return b instanceof ResourceReference && a.urn === b.urn && a.id === b.id;
    if (Array.isArray(a)) {
        return Array.isArray(b) && a.length === b.length && a.every((element, index) => sameValue(element, b[index]));
    }
    if (isMap(a)) return isMap(b) && [...Object.keys(a), ...Object.keys(b)].every(key => sameValue(a[key], b[key]));
    return a === b;
}

/**
 * Marks as secret what was secret under the same name in `source`: a plugin that does not take secrets returns plain
 * values. Objects are gone into; anything else becomes a secret as a whole.
 */
export function markSecretsLike(values: PropertyMap, source: PropertyMap): PropertyMap {
    const marked = { ...values };
    for (const [key, original] of Object.entries(source)) {
        const value = marked[key];
        if (value === undefined) continue;
        if (isMap(value) && isMap(original)) marked[key] = markSecretsLike(value, original);
        else if (!(value instanceof Secret) && containsSecret(original)) marked[key] = new Secret(value);
    }
    return marked;
}

/** Plain JSON for people and events: secrets and unknowns are named, never shown. */
export function shown(value: PropertyValue): unknown {
    if (value instanceof Secret) return "[secret]";
    if (value instanceof Unknown) return "[unknown]";
    if (value instanceof ResourceReference) return value.urn;
    if (Array.isArray(value)) return value.map(shown);
    return isMap(value)
        ? Object.fromEntries(Object.entries(value).map(([key, element]) => [key, shown(element)]))
        : value;
}

/** `shown` for a whole map. */
export function shownMap(map: PropertyMap): Record<string, unknown> {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, shown(value)]));
}
