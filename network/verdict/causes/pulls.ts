import { evidenceOf, type Finding, type Observation, type Report, type TroubleGroup } from "../observation.ts";
import { scopeOf } from "../scope.ts";
import type { Cause } from "../verdict.ts";

/** Host that Docker Hub's images are pulled from, as containerd resolves it. */
const DOCKER_HUB = "registry-1.docker.io";

/** What runtimes say when a pull fails, and the cause that it names. The first that matches holds. */
const WORDS: readonly [RegExp, Cause][] = [
    [/\b429\b|too many requests/i, "rate-limit"],
    [/x509|certificate/i, "tls-trust"],
    [/no such host|: dns: |lookup \S+.*(i\/o timeout|server misbehaving)/i, "dns"],
    [/\b(403|5\d\d)\b/, "upstream"],
];

/** Host that an image is pulled from. */
export function registryOf(image: string): string {
    const [host = ""] = image.split("/");
    return host === "docker.io" ? DOCKER_HUB : host;
}

/**
 * Failed pulls that meet the same fault as the groups: at the same vantage point, of images of the same endpoints, or of
 * any image when the trouble is at most of what the vantage point called.
 */
export function pullsWith({ reports, trouble }: Observation, groups: TroubleGroup[]): TroubleGroup[] {
    return trouble.filter(({ trouble: kind, vantagePoint, endpoint: image }) => {
        if (kind !== "pull") return false;
        const here = new Set(groups.filter(group => group.vantagePoint === vantagePoint).map(group => group.endpoint));
        const called = reports.find(report => report.vantagePoint === vantagePoint)?.endpoints ?? [];
        const isKnown = called.some(({ endpoint }) => endpoint === registryOf(image));
        return here.has(registryOf(image)) || here.size > called.length / 2 || (!isKnown && here.size > 0);
    });
}

/** Pulls that fail although small requests to the same registry succeed: what the runtime said names the cause. */
export function pulls(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const failed = trouble.filter(group => group.trouble === "pull");
    const byCause = Map.groupBy(failed, group => causeIn(reports, group));
    return [...byCause].flatMap(([cause, groups]) => (cause ? [findingOf(observation, cause, groups)] : []));
}

function causeIn(reports: Report[], { vantagePoint, endpoint: image }: TroubleGroup): Cause | undefined {
    const pulled = reports.find(report => report.vantagePoint === vantagePoint)?.pulls;
    const error = pulled?.find(pull => pull.image === image)?.error ?? "";
    // Digests are hexadecimal and hold numbers that look like a status.
    const words = error.replace(/sha256:[0-9a-f]+/g, "");
    return WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

function findingOf(observation: Observation, cause: Cause, groups: TroubleGroup[]): Finding {
    const { reports } = observation;
    const from = [...new Set(groups.map(({ vantagePoint }) => vantagePoint))];
    const images = [...new Set(groups.map(({ endpoint }) => endpoint))];
    const registries = [...new Set(images.map(registryOf))];
    const pulling = reports.filter(({ pulls: tried }) => tried.some(({ image }) => images.includes(image)));
    const isEndpoint = from.length === pulling.length && registries.length <= (reports[0]?.endpoints.length ?? 0) / 2;
    return {
        cause,
        direction: null,
        scope: isEndpoint ? "endpoint" : scopeOf(from, reports),
        icmpFilteredAt: "nowhere",
        isMeasured: false,
        explains: groups,
        confidence: 0.8,
        summary: `Pulls from ${registries.join(", ")} fail where small requests succeed.`,
        evidence: evidenceOf(observation, groups),
        actions: [
            {
                component: null,
                argument: null,
                value: null,
                sentence: `Ask the operator of ${registries.join(", ")} and of the hosts it redirects to. A cache (mirror) keeps pulls working until then.`,
            },
        ],
    };
}
