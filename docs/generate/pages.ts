// Writes the tables of the reference pages, the page of the rooms and the JSON Schema of evidence files: node docs/generate/pages.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVIDENCE_SCHEMA_FILE, evidenceSchemaText } from "./evidenceSchema.ts";
import { ROOMS_PAGE, roomsPage } from "./roomsPage.ts";
import { TABLED_PAGES, withTables } from "./tables.ts";

for (const page of TABLED_PAGES) {
    const file = join(import.meta.dirname, "..", page);
    writeFileSync(file, withTables(readFileSync(file, "utf8")));
}
writeFileSync(join(import.meta.dirname, "..", EVIDENCE_SCHEMA_FILE), evidenceSchemaText());
writeFileSync(join(import.meta.dirname, "..", ROOMS_PAGE), roomsPage());
