import { policies } from "../../policy/policies.ts";
import { markdownTable } from "./settingsTable.ts";

/** Every rule of the policy pack as a Markdown table, from the rules themselves. */
export function policyTable(): string {
    const rows = policies.map(({ name, description, enforcementLevel, configSchema }) => [
        `\`${name}\``,
        enforcementLevel ?? "advisory",
        description,
        Object.entries(configSchema?.properties ?? {})
            .map(([key, schema]) => `\`${key}\` (${JSON.stringify(schema.default)}): ${schema.description}`)
            .join("<br>"),
    ]);
    return markdownTable(["rule", "level", "holds when", "configuration (default)"], rows);
}
