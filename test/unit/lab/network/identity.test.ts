import { expect, test } from "vitest";
import { newKeyPair } from "../../../../lab/network/hosts/identity.ts";

test("host keys have all their bytes, also where the first is zero", () => {
    const lengths = Array.from(
        { length: 2000 },
        () => Buffer.from(newKeyPair().public.split(" ")[1]!, "base64").length,
    );
    expect(new Set(lengths)).toEqual(new Set([51]));
});
