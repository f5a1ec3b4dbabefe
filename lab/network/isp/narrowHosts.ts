import { internetAddresses } from "../internet/addresses.ts";
import type { Scenario } from "../scenario.ts";
import type { InternetHost } from "../topology.ts";

/**
 * nftables commands for the isp's namespace: hosts that only smaller packets reach, as behind a tunnel of their own. Here
 * every packet has the size that it has on the wire; where it is made, the kernel may hold several as one.
 */
export function narrowHosts({ internet }: Scenario): string {
    const addresses = internetAddresses(internet.addressSeed);
    const rules = Object.entries(internet.endpoints).flatMap(([host, { mtu }]) => {
        if (mtu === null) return [];
        const { ipv4, ipv6 } = addresses[host as InternetHost];
        const ends = [`ip saddr ${ipv4}`, `ip daddr ${ipv4}`, `ip6 saddr ${ipv6}`, `ip6 daddr ${ipv6}`];
        return ends.map(end => `${end} meta length > ${mtu} drop`);
    });
    return `table inet narrow
delete table inet narrow
table inet narrow {
    chain forward {
        type filter hook forward priority filter; policy accept;
${rules.map(rule => `        ${rule}\n`).join("")}    }
}
`;
}
