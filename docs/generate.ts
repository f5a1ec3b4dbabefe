// Writes the tables of the reference pages anew: node docs/generate.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TABLED_PAGES, withTables } from "./tables.ts";

for (const page of TABLED_PAGES) {
    const file = join(import.meta.dirname, page);
    writeFileSync(file, withTables(readFileSync(file, "utf8")));
}
