import type { Scenario } from "../scenario.ts";
import type { InternetHost } from "../topology.ts";
import { internetAddresses } from "./addresses.ts";

/** nftables commands for the internet's namespace: hosts that a scenario makes unreachable, and no others. */
export function faultRules({ internet }: Scenario): string {
    const addresses = internetAddresses(internet.addressSeed);
    const rules = Object.entries(internet.endpoints).flatMap(([host, { unreachable }]) => {
        const { ipv4, ipv6 } = addresses[host as InternetHost];
        if (unreachable === "no") return [];
        return [`ip daddr ${ipv4}`, `ip6 daddr ${ipv6}`].map(match =>
            unreachable === "drop" ? `${match} drop` : `${match} meta l4proto tcp reject with tcp reset`,
        );
    });
    return `table inet faults
delete table inet faults
table inet faults {
    chain input {
        type filter hook input priority filter; policy accept;
${rules.map(rule => `        ${rule}\n`).join("")}    }
}
`;
}
