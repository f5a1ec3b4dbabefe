import { expect, test } from "vitest";
import { INVENTED_KINDS, invent } from "../../../../lab/verdicts/invent.ts";

test("every kind of network is drawn once before any comes again, with the verdict it deserves", () => {
    const drawn = invent(INVENTED_KINDS.length, 7);
    const kinds = drawn.map(({ name }) => name.replace(/^invented-7-\d+-/, ""));
    expect(kinds.toSorted()).toEqual(INVENTED_KINDS.toSorted());
    for (const { expect: expected } of drawn) expect(expected.before?.cause).toBeDefined();
});

test("the same seed draws the same networks, and another seed others", () => {
    expect(invent(5, 1)).toEqual(invent(5, 1));
    expect(invent(5, 1)).not.toEqual(invent(5, 2));
});

test("every seed draws valid scenarios", () => {
    for (let seed = 1; seed <= 40; seed++) expect(invent(30, seed)).toHaveLength(30);
});
