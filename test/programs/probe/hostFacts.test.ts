import { expect, it } from "vitest";
import { hostFacts } from "../../../provider/probe/run.ts";
import { localSession } from "./localSession.ts";

it("reads a host's network facts without calling anything", async () => {
    const facts = await hostFacts(localSession());
    expect(facts.kernel).not.toBe("");
    expect(Array.isArray(facts.resolvers)).toBe(true);
});
