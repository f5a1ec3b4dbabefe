import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignments, quote } from "../../../provider/host/quote.ts";

describe("quote", () => {
    it("gives any text to a shell as it is", () => {
        const anyText = fc.string({ unit: "binary" }).filter(text => !text.includes("\0"));
        fc.assert(
            fc.property(fc.array(anyText, { maxLength: 20 }), texts => {
                const script = `printf '%s\\0' ${texts.map(quote).join(" ")}`;
                const printed = execFileSync("sh", { input: script }).toString();
                expect(printed).toBe(texts.length === 0 ? "\0" : texts.map(text => `${text}\0`).join(""));
            }),
            { numRuns: 40, examples: [[["'", "$(id)", "a\nb", "\\", "`id`", "-n", ""]]] },
        );
    });

    it("refuses a NUL byte, which no shell word can hold", () => {
        expect(() => quote("a\0b")).toThrow("NUL");
    });
});

describe("assignments", () => {
    it("keeps newlines at the end of a value", () => {
        const script = `${assignments({ text: "a\n\n", number: 1400, flag: true })}printf '%s|%s|%s' "$text" "$number" "$flag"`;
        expect(execFileSync("sh", { input: script }).toString()).toBe("a\n\n|1400|true");
    });
});
