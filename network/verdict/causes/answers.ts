import { losesQueries } from "../loss.ts";
import {
    countOf,
    evidenceOf,
    type Finding,
    isUnresolved,
    type Observation,
    type Trouble,
    type TroubleGroup,
} from "../observation.ts";
import { scopeOfTrouble } from "../scope.ts";
import type { Action, Cause } from "../verdict.ts";
import { pullsWith } from "./pulls.ts";
import { vmsShutFromResolver } from "./shutResolver.ts";

/** Trouble that names its cause by itself, because something answered. */
interface Answer {
    cause: Cause;
    trouble: readonly Trouble[];
    summary: (endpoints: string) => string;
    action: (endpoints: string) => string;
}

const ANSWERS: readonly Answer[] = [
    {
        cause: "dns",
        trouble: ["dns", "slow-dns"],
        summary: endpoints => `Names do not resolve, or only after seconds: ${endpoints}.`,
        action: () => "Check the resolvers that the hosts use, or give them others.",
    },
    {
        cause: "tls-trust",
        trouble: ["certificate"],
        summary: endpoints => `Certificates are not trusted: ${endpoints}.`,
        action: endpoints =>
            `Find out who answers for ${endpoints}: an intercepting proxy needs its CA on every node, an expired certificate its owner.`,
    },
    {
        cause: "rate-limit",
        trouble: ["rate-limit"],
        summary: endpoints => `Requests are refused because there were too many (429): ${endpoints}.`,
        action: endpoints => `Pull through a cache, or with an account of ${endpoints}.`,
    },
    {
        cause: "upstream",
        trouble: ["http", "reputation", "tls-alert"],
        summary: endpoints => `The service answers with errors: ${endpoints}.`,
        action: endpoints => `Ask the operator of ${endpoints}. A cache (mirror) keeps pulls working until then.`,
    },
];

/** Faults that show in what was answered: resolvers, certificates, refusals, errors of the service. */
export function answers(observation: Observation): Finding[] {
    const notByResolver = [...losesQueries(observation.reports), ...vmsShutFromResolver(observation.reports)];
    const isNoResolvers = ({ vantagePoint }: TroubleGroup) => notByResolver.includes(vantagePoint);
    return ANSWERS.flatMap(answer => {
        const groups = observation.trouble.filter(
            group => answer.trouble.includes(group.trouble) && !(isUnresolved(group.trouble) && isNoResolvers(group)),
        );
        return groups.length === 0 ? [] : [findingOf(observation, answer, groups)];
    });
}

function findingOf(observation: Observation, answer: Answer, groups: TroubleGroup[]): Finding {
    const names = [...new Set(groups.map(({ endpoint }) => endpoint))].join(", ");
    const action: Action = { component: null, argument: null, value: null, sentence: answer.action(names) };
    return {
        cause: answer.cause,
        direction: null,
        scope: scopeOfTrouble(groups, observation.reports),
        icmpFilteredAt: "nowhere",
        isMeasured: false,
        explains: [...groups, ...pullsWith(observation, groups)],
        confidence: countOf(groups) > 2 ? 0.95 : 0.7,
        summary: answer.summary(names),
        evidence: evidenceOf(observation, groups),
        actions: [action],
    };
}
