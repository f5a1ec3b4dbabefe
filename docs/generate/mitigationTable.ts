import { MITIGATIONS } from "../../cli/rebuild/mitigations/catalogue.ts";
import { markdownTable } from "./settingsTable.ts";

/** Every workaround that a rebuild judges as a Markdown table, from the rules that judge it. */
export function mitigationTable(): string {
    const rows = MITIGATIONS.map(({ title, hides, canGoWhen }) => [title, hides, canGoWhen]);
    return markdownTable(["workaround", "what it covers up", "it can go when the rebuild shows that"], rows);
}
