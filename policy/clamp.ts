import type { StackValidationPolicy } from "@pulumi/policy";
import { familyOfCidr } from "../network/cidr.ts";
import { type Clamp, readClamp, unclampedSubnets } from "../network/readClamp.ts";
import { type Found, resourcesOf, separately } from "./stack.ts";

type PolicyResources = Parameters<typeof resourcesOf>[0];

/** Every node's connections are clamped, in both directions, and those of the host that clamps. */
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
        separately(tablesOf(resources, paths), ({ path, table }) => {
            const clamp = readClamp(table.props.content);
            const needed = path.props.subnets.filter(subnet => !exemptSubnets.includes(subnet));
            const open = unclampedSubnets(clamp, needed);
            if (open.length > 0)
                report(
                    `${table.name} does not clamp ${open.join(" and ")} in both directions. Full segments of the nodes there are lost on a path that is narrower than their link, and image pulls hang. ${remedyFor(open, path.props.mss)}`,
                    table.urn,
                );
            const unseen = unseenHooks(clamp);
            if (open.length === 0 && unseen.length > 0)
                report(
                    `${table.name} clamps what it forwards and not at ${unseen.join(" and ")}. The host's own connections stand behind the same path and hang. Clamp at input and output as well, as GatewayPath does.`,
                    table.urn,
                );
        });
    },
};

/** The tables of every GatewayPath: those that are its children. */
export function tablesOf(resources: PolicyResources, paths: Found<"clearpath:index:GatewayPath">[]) {
    const tables = resourcesOf(resources, "clearpath:host:NftTable");
    return paths.flatMap(path => tables.filter(({ parent }) => parent === path.urn).map(table => ({ path, table })));
}

function remedyFor(open: string[], mss: { ipv4: number | null; ipv6: number | null }): string {
    const unmeasured = [...new Set(open.map(familyOfCidr))].filter(family => mss[family] === null);
    if (unmeasured.length === 0) return "Add them to nodeSubnets.";
    return `The path MTU could not be measured for ${unmeasured.join(" and ")}: set ${unmeasured.map(family => `pathMtu.${family}`).join(" and ")}, or mss, by hand.`;
}

function unseenHooks(clamp: Clamp): string[] {
    const clamped = new Set(clamp.rules.map(({ hook, family }) => `${hook} ${family}`));
    const families = [...new Set(clamp.rules.map(({ family }) => family))];
    return ["input", "output"].filter(hook => families.some(family => !clamped.has(`${hook} ${family}`)));
}
