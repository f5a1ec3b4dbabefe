import { IP_FAMILIES } from "../family.ts";
import type { Report } from "./observation.ts";
import { slowAnswers } from "./slowAnswers.ts";

/** What breaks no TCP today and should be known, in sentences. */
export function advisoriesOf(reports: Report[]): string[] {
    return [
        ...reports.flatMap(droppedIcmp),
        ...reports.flatMap(routeMtus),
        ...reports.flatMap(cachedMtu),
        ...slowAnswers(reports),
    ];
}

function droppedIcmp({ vantagePoint, facts }: Report): string[] {
    return facts.icmpDropRules.map(
        ({ table, chain, rule }) =>
            `${vantagePoint}: table ${table}, chain ${chain} drops what path MTU discovery needs: \`${rule}\`. A clamp spares TCP; UDP and QUIC still need it.`,
    );
}

function routeMtus({ vantagePoint, facts }: Report): string[] {
    return IP_FAMILIES.flatMap(family => {
        const mtu = facts.defaultRoute[family]?.mtu;
        if (!mtu) return [];
        return [
            `${vantagePoint}: the ${family} default route has an MTU of its own, ${mtu}, which overrides the link's.`,
        ];
    });
}

function cachedMtu({ vantagePoint, facts: { pmtuCache } }: Report): string[] {
    if (pmtuCache.length === 0) return [];
    const smallest = Math.min(...pmtuCache.map(({ mtu }) => mtu));
    return [
        `${vantagePoint}: path MTUs that the kernel has learnt override the link's for ${pmtuCache.length} destinations, the smallest is ${smallest}; they last 10 minutes.`,
    ];
}
