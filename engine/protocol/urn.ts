/** Type of the resource that stands for the whole program. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

const PROVIDER_PREFIX = "pulumi:providers:";

export interface UrnParts {
    stack: string;
    project: string;
    /** Types of the parents and of the resource, joined with `$`; the stack is left out. */
    qualifiedType: string;
    name: string;
}

/** Takes `urn:pulumi:STACK::PROJECT::TYPE::NAME` apart; a name may contain `::`. */
export function parseUrn(urn: string): UrnParts {
    const [head = "", project = "", qualifiedType = "", ...name] = urn.split("::");
    if (!head.startsWith("urn:pulumi:") || name.length === 0) {
        throw new Error(`"${urn}" is not a URN. It must have the form urn:pulumi:STACK::PROJECT::TYPE::NAME.`);
    }
    return { stack: head.slice("urn:pulumi:".length), project, qualifiedType, name: name.join("::") };
}

/** The resource's own type, without its parents'. */
export function typeOf(urn: string): string {
    return parseUrn(urn).qualifiedType.split("$").at(-1)!;
}

export function nameOf(urn: string): string {
    return parseUrn(urn).name;
}

/** URN of a resource under a parent; a child of the stack has no parent type. */
export function createUrn(
    stack: string,
    project: string,
    parent: string | undefined,
    type: string,
    name: string,
): string {
    const parentType = parent === undefined ? "" : parseUrn(parent).qualifiedType;
    const qualifiedType = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
    return `urn:pulumi:${stack}::${project}::${qualifiedType}::${name}`;
}

export function isProviderType(type: string): boolean {
    return type.startsWith(PROVIDER_PREFIX);
}

export function providerTypeOf(packageName: string): string {
    return `${PROVIDER_PREFIX}${packageName}`;
}

/** Name of the package that a resource type or a provider type belongs to, e.g. `clearpath`. */
export function packageOf(type: string): string {
    return isProviderType(type) ? type.slice(PROVIDER_PREFIX.length) : type.split(":")[0]!;
}

/** How a resource names its provider: the provider's URN and id. */
export interface ProviderReference {
    urn: string;
    id: string;
}

export function formatReference({ urn, id }: ProviderReference): string {
    return `${urn}::${id}`;
}

export function parseReference(reference: string): ProviderReference {
    const at = reference.lastIndexOf("::");
    return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}
