import type { PerFamily } from "../../../network/family.ts";
import { INTERNET_HOSTS, type InternetHost } from "../topology.ts";
import { draws } from "./draw.ts";

/** Last parts of drawn addresses: above all that the lab has a use for, below a network's broadcast address. */
const FIRST = 64;
const LAST = 250;

/**
 * Address of every host of the internet: those of the lab's map for seed 0; for any other, drawn from the seed in the same
 * networks, so that nothing learnt about one address, and no hash of it, holds in the next scenario.
 */
export function internetAddresses(seed: number): Record<InternetHost, PerFamily<string>> {
    if (seed === 0) return INTERNET_HOSTS;
    const draw = draws(`${seed}/addresses`);
    const taken = new Set<number>();
    const freeNumber = (): number => {
        const number = FIRST + Math.floor(draw() * (LAST - FIRST + 1));
        if (taken.has(number)) return freeNumber();
        taken.add(number);
        return number;
    };
    const drawn = Object.entries(INTERNET_HOSTS).map(([host, { ipv4, ipv6 }]) => {
        const number = freeNumber();
        return [host, { ipv4: ipv4.replace(/\d+$/, `${number}`), ipv6: ipv6.replace(/[0-9a-f]+$/, `${number}`) }];
    });
    return Object.fromEntries(drawn);
}
