import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import { TABLED_PAGES, withTables } from "../../../docs/generate/tables.ts";

test.each(TABLED_PAGES)(
    "docs/%s has the tables that the schemas give (write them with: node docs/generate/pages.ts)",
    page => {
        const text = readFileSync(join(import.meta.dirname, "../../../docs", page), "utf8");
        expect(text).toContain("<!-- table: ");
        expect(withTables(text)).toBe(text);
    },
);

it("refuses a mark of no table", () => {
    expect(() => withTables("<!-- table: sizes -->\n<!-- end -->")).toThrow("There is no table sizes.");
});
