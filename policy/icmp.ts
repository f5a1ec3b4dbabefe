import type { StackValidationPolicy } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { IP_FAMILIES } from "../network/family.ts";
import { readClamp } from "../network/readClamp.ts";
import { tablesOf } from "./clamp.ts";
import { resourcesOf, separately } from "./stack.ts";

const MESSAGES = {
    ipv4: "ICMP type 3 code 4 (frag-needed)",
    ipv6: "ICMPv6 type 2 (packet-too-big)",
};

/** The messages of path MTU discovery reach whoever sent too much. */
export const icmpFragNeededPasses: StackValidationPolicy = {
    name: "icmp-frag-needed-passes",
    description: "The messages of path MTU discovery pass the hosts that clamp.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            hooks: {
                type: "array",
                items: { type: "string", enum: ["input", "forward"] },
                default: ["input", "forward"],
                description: "Hooks at which the messages must be accepted.",
            },
        },
    },
    validateStack: ({ resources, getConfig }, report) => {
        const { hooks } = getConfig<{ hooks: ("input" | "forward")[] }>();
        const paths = resourcesOf(resources, "clearpath:index:GatewayPath");
        const probes = resourcesOf(resources, "clearpath:probe:Egress");
        const judgeTable = ({ table }: ReturnType<typeof tablesOf>[number]) => {
            const { icmpAccepted } = readClamp(table.props.content);
            for (const hook of hooks) {
                const missing = IP_FAMILIES.filter(
                    family => !icmpAccepted.some(accepted => accepted.hook === hook && accepted.family === family),
                );
                if (missing.length === 0) continue;
                report(
                    `${table.name} does not accept ${missing.map(family => MESSAGES[family]).join(" and ")} at ${hook}. A sender then never learns that its packets are too large: UDP and QUIC stop, and TCP where nothing is clamped. Accept them at ${hooks.join(" and ")}, as GatewayPath does.`,
                    table.urn,
                );
            }
        };
        const judgeHost = ({ urn, props }: (typeof probes)[number]) => {
            const dropping = props.report.facts.icmpDropRules;
            // TCP needs them no more once the clamp is proven; the verdict's advisories name the rule then.
            if (dropping.length === 0 || probes.every(probe => probe.props.passed)) return;
            const { table, chain, rule } = dropping[0]!;
            report(
                `${props.vantagePoint} drops the messages of path MTU discovery in table ${table}, chain ${chain}: "${rule}". An accept in another table does not overrule it, and not every vantage point passed without them. Remove that rule.`,
                urn,
            );
        };
        separately(
            [
                ...tablesOf(resources, paths).map(table => () => judgeTable(table)),
                ...(pulumi.runtime.isDryRun() ? [] : probes).map(probe => () => judgeHost(probe)),
            ],
            judge => judge(),
        );
    },
};
