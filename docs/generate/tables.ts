import { egressArguments, registryArguments } from "./componentTables.ts";
import { mitigationTable } from "./mitigationTable.ts";
import { planTable } from "./planTable.ts";
import { policyTable } from "./policyTable.ts";
import { settingsTable } from "./settingsTable.ts";

const TABLES: Record<string, () => string> = {
    settings: settingsTable,
    egress: egressArguments,
    registry: registryArguments,
    policies: policyTable,
    plan: planTable,
    mitigations: mitigationTable,
};

/** Pages with tables that come from schemas. */
export const TABLED_PAGES = ["reference/components.md", "reference/policies.md", "how-to/rebuild.md"];

/** A page with each table between its marks, `<!-- table: NAME -->` and `<!-- end -->`, as the schemas have it now. */
export function withTables(page: string): string {
    return page.replace(
        /(<!-- table: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
        (_, begin: string, name: string, end: string) => {
            const render = TABLES[name];
            if (render === undefined)
                throw new RangeError(`There is no table ${name}. There are ${Object.keys(TABLES).join(", ")}.`);
            return `${begin}\n${render()}\n\n${end}`;
        },
    );
}
