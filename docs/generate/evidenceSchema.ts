import { evidenceJsonSchema } from "../../network/evidence/evidenceFile.ts";

/** The file that holds the JSON Schema of evidence files, from this folder. */
export const EVIDENCE_SCHEMA_FILE = "reference/evidence.schema.json";

/** Its content, as the zod schema has it now. */
export function evidenceSchemaText(): string {
    return `${JSON.stringify(evidenceJsonSchema(), null, 2)}\n`;
}
