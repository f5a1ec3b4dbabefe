import type { Report, TroubleGroup } from "./observation.ts";
import type { Scope } from "./verdict.ts";

/** Whom something hits, from the vantage points that show it: the gateway stands for all that does not come from VMs. */
export function scopeOf(affected: readonly string[], reports: Report[]): Scope {
    const hit = reports.filter(({ vantagePoint }) => affected.includes(vantagePoint));
    const vms = reports.filter(isVm);
    const hitVms = hit.filter(isVm);
    const gatewayHit = hit.some(report => !isVm(report));
    if (gatewayHit && (hitVms.length > 0 || vms.length === 0)) return "host-and-vms";
    if (!gatewayHit && hitVms.length === vms.length && vms.length > 0) return "vm-subnet";
    return "node";
}

/**
 * The scope of trouble at endpoints: `endpoint` only when some endpoints of many fail, and fail alike for every vantage
 * point that called them.
 */
export function scopeOfTrouble(groups: TroubleGroup[], reports: Report[]): Scope {
    const affected = [...new Set(groups.map(({ vantagePoint }) => vantagePoint))];
    return isAtEndpoints(groups, reports) ? "endpoint" : scopeOf(affected, reports);
}

/** Chance below which it is no accident that a vantage point was spared. */
const NO_ACCIDENT = 0.05;

/**
 * Whether the trouble is at a few endpoints, half of those called at most, and alike at every vantage point: one that
 * tried too seldom to have met trouble this rare does not speak against it.
 */
export function isAtEndpoints(groups: TroubleGroup[], reports: Report[]): boolean {
    const endpoints = [...new Set(groups.map(({ endpoint }) => endpoint))];
    const called = new Set(reports.flatMap(report => report.endpoints.map(({ endpoint }) => endpoint)));
    if (endpoints.length === 0 || endpoints.length > called.size / 2) return false;
    return endpoints.some(endpoint => {
        const here = groups.filter(group => group.endpoint === endpoint);
        const callers = reports.flatMap(({ vantagePoint, endpoints: results }) =>
            results
                .filter(result => result.endpoint === endpoint && result.attempts > 0)
                .map(({ attempts }) => ({ vantagePoint, attempts })),
        );
        const rate = sum(here.map(({ count }) => count)) / sum(callers.map(({ attempts }) => attempts));
        return callers.every(
            ({ vantagePoint, attempts }) =>
                here.some(group => group.vantagePoint === vantagePoint) || (1 - rate) ** attempts > NO_ACCIDENT,
        );
    });
}

/**
 * Whether endpoints without the trouble were called so often that they would have met it too: at the rate of those that
 * have it, or where it is all that certain hosts ever answer.
 */
export function sparesOthers(groups: TroubleGroup[], reports: Report[]): boolean {
    if (isAllOfSomeHosts(groups, reports)) return true;
    const hit = new Set(groups.map(({ endpoint }) => endpoint));
    const attempts = new Map<string, number>();
    for (const { endpoint, attempts: more } of reports.flatMap(report => report.endpoints))
        attempts.set(endpoint, (attempts.get(endpoint) ?? 0) + more);
    const atHit = sum([...attempts].filter(([endpoint]) => hit.has(endpoint)).map(([, count]) => count));
    const rate = sum(groups.map(({ count }) => count)) / atHit;
    return [...attempts].every(([endpoint, count]) => hit.has(endpoint) || (1 - rate) ** count <= NO_ACCIDENT);
}

/** Share of a host's attempts from which trouble is all that it answers, and how many attempts say so. */
const ALL = { share: 0.9, attempts: 4 };

/** Whether the trouble is all there is at the hosts that have it, such as the one that serves an endpoint's blobs. */
function isAllOfSomeHosts(groups: TroubleGroup[], reports: Report[]): boolean {
    const kinds = new Set<string>(groups.map(({ trouble }) => trouble));
    const called = reports
        .flatMap(({ endpoints }) => endpoints.flatMap(({ byPlace = [] }) => byPlace))
        .map(({ host, family, attempts, failures }) => ({
            place: `${host} ${family}`,
            attempts,
            troubled: sum(Object.entries(failures).map(([kind, count]) => (kinds.has(kind) ? (count ?? 0) : 0))),
        }));
    const hit = [...Map.groupBy(called, ({ place }) => place).values()]
        .map(here => ({
            attempts: sum(here.map(({ attempts }) => attempts)),
            troubled: sum(here.map(({ troubled }) => troubled)),
        }))
        .filter(({ troubled }) => troubled > 0);
    const isAll = hit.every(({ attempts, troubled }) => troubled >= attempts * ALL.share);
    const explained = sum(hit.map(({ troubled }) => troubled)) === sum(groups.map(({ count }) => count));
    return isAll && explained && sum(hit.map(({ attempts }) => attempts)) >= ALL.attempts;
}

function sum(values: number[]): number {
    return values.reduce((all, value) => all + value, 0);
}

/** Nodes and pods are behind the gateway; the gateway and other hosts are not. */
export function isVm({ role }: Pick<Report, "role">): boolean {
    return role === "server" || role === "agent" || role === "pod";
}
