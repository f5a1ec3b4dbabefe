/** Keeps which resource of this run was known by which older URN. The program's SDK spells the older URNs out. */
export class Aliases {
    /** New URN, by the old one the resource was found under. */
    readonly #newOf = new Map<string, string>();

    /** Notes that the resource was known by an older URN. Throws when another resource has claimed it. */
    claim(urn: string, oldUrn: string): void {
        const other = this.#newOf.get(oldUrn);
        if (other !== undefined) {
            throw new Error(
                `${urn} names ${oldUrn} as its alias, but ${other} has it already. Nothing was done to it. Give one of them another alias.`,
            );
        }
        this.#newOf.set(oldUrn, urn);
    }

    newNameOf(oldUrn: string): string | undefined {
        return this.#newOf.get(oldUrn);
    }
}
