import type { StackValidationPolicy } from "@pulumi/policy";
import { familyOfCidr } from "../network/cidr.ts";
import { FAMILY_NAMES } from "../network/family.ts";
import { type Clamp, readClamp, unclampedSubnets } from "../network/readClamp.ts";
import { type Found, resourcesOf, separately } from "./stack.ts";

type PolicyResources = Parameters<typeof resourcesOf>[0];
type Path = Found<"clearpath:index:GatewayPath">;

const LOST =
    "Full segments of the nodes there are lost on a path that is narrower than their link, and image pulls hang.";

/**
 * Every node's connections are clamped, in both directions, and those of the host that clamps. A GatewayPath says what
 * it clamps; the text of its tables is read only to find where it differs from that.
 */
export const clampCoversNodes: StackValidationPolicy = {
    name: "clamp-covers-nodes",
    description: "The clamp covers every node subnet in both directions, and the clamping host's own connections.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            exemptSubnets: {
                type: "array",
                items: { type: "string" },
                default: [],
                description: "Node subnets, in CIDR notation, that need no clamp.",
            },
        },
    },
    validateStack: ({ resources, getConfig, notApplicable }, report) => {
        const { exemptSubnets } = getConfig<{ exemptSubnets: string[] }>();
        const paths = resourcesOf(resources, "clearpath:index:GatewayPath");
        if (paths.length === 0) return notApplicable("There is no GatewayPath in this stack.");
        const neededOf = ({ props: { subnets } }: Path) => subnets.filter(subnet => !exemptSubnets.includes(subnet));
        const judgePath = (path: Path) => {
            const open = neededOf(path).filter(subnet => path.props.mss[familyOfCidr(subnet)] === null);
            if (open.length === 0) return;
            const unmeasured = [...new Set(open.map(familyOfCidr))];
            report(
                `${path.name} does not clamp ${open.join(" and ")}. ${LOST} The path MTU could not be measured for ${unmeasured.map(family => FAMILY_NAMES[family]).join(" and ")}: set ${unmeasured.map(family => `pathMtu.${family}`).join(" and ")}, or mss, by hand.`,
                path.urn,
            );
        };
        const judgeTable = ({ path, table }: ReturnType<typeof tablesOf>[number]) => {
            const clamp = readClamp(table.props.content);
            const said = neededOf(path).filter(subnet => path.props.mss[familyOfCidr(subnet)] !== null);
            const open = unclampedSubnets(clamp, said);
            if (open.length > 0)
                report(
                    `${table.name} differs from what ${path.name} says: it does not clamp ${open.join(" and ")} in both directions. ${LOST} Remove what changes the table's content, such as ignoreChanges or a transform.`,
                    table.urn,
                );
            const unseen = unseenHooks(clamp);
            if (open.length === 0 && unseen.length > 0)
                report(
                    `${table.name} clamps the connections that it forwards, and those of the host itself not at ${unseen.join(" and ")}. The host's own connections cross the same path and hang. Clamp at input and output as well, as GatewayPath does.`,
                    table.urn,
                );
        };
        separately(
            [
                ...paths.map(path => () => judgePath(path)),
                ...tablesOf(resources, paths).map(table => () => judgeTable(table)),
            ],
            judge => judge(),
        );
    },
};

/** The tables of every GatewayPath: those that are its children. */
export function tablesOf(resources: PolicyResources, paths: Path[]) {
    const tables = resourcesOf(resources, "clearpath:host:NftTable");
    return paths.flatMap(path => tables.filter(({ parent }) => parent === path.urn).map(table => ({ path, table })));
}

function unseenHooks(clamp: Clamp): string[] {
    const clamped = new Set(clamp.rules.map(({ hook, family }) => `${hook} ${family}`));
    const families = [...new Set(clamp.rules.map(({ family }) => family))];
    return ["input", "output"].filter(hook => families.some(family => !clamped.has(`${hook} ${family}`)));
}
