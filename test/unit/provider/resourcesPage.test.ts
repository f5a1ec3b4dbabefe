import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { PAGE, resourcesPage } from "../../../provider/resourcesPage.ts";

it("docs/reference/resources.md matches the schemas; `node provider/resourcesPage.ts` writes it", () => {
    expect(readFileSync(PAGE, "utf8")).toBe(resourcesPage());
});
