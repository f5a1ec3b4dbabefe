// Writes the tables of the reference pages and the JSON Schema of evidence files anew: node docs/generate.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVIDENCE_SCHEMA_FILE, evidenceSchemaText } from "./evidenceSchema.ts";
import { TABLED_PAGES, withTables } from "./tables.ts";

for (const page of TABLED_PAGES) {
    const file = join(import.meta.dirname, page);
    writeFileSync(file, withTables(readFileSync(file, "utf8")));
}
writeFileSync(join(import.meta.dirname, EVIDENCE_SCHEMA_FILE), evidenceSchemaText());
