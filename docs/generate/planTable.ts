import { RebuildPlan } from "../../cli/rebuild/plan.ts";
import { markdownTable, rowsOf } from "./settingsTable.ts";

/** Every key of a rebuild's plan as a Markdown table, from the schema that checks it. */
export function planTable(): string {
    return markdownTable(["key", "value", "default", "what it is"], rowsOf("", RebuildPlan));
}
