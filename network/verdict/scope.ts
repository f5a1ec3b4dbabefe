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
 * The scope of trouble at endpoints: `endpoint` only when one endpoint of several fails, and fails alike for every
 * vantage point that called it.
 */
export function scopeOfTrouble(groups: TroubleGroup[], reports: Report[]): Scope {
    const affected = [...new Set(groups.map(({ vantagePoint }) => vantagePoint))];
    return isOneEndpoint(groups, reports) ? "endpoint" : scopeOf(affected, reports);
}

/** Whether the trouble is at one endpoint of several, and at every vantage point that called it. */
export function isOneEndpoint(groups: TroubleGroup[], reports: Report[]): boolean {
    const endpoints = new Set(groups.map(({ endpoint }) => endpoint));
    const [only] = endpoints;
    const called = new Set(reports.flatMap(report => report.endpoints.map(({ endpoint }) => endpoint)));
    const callers = reports.filter(report =>
        report.endpoints.some(({ endpoint, attempts }) => endpoint === only && attempts > 0),
    );
    return (
        endpoints.size === 1 &&
        called.size > 1 &&
        callers.every(({ vantagePoint }) => groups.some(group => group.vantagePoint === vantagePoint))
    );
}

/** Nodes and pods are behind the gateway; the gateway and other hosts are not. */
export function isVm({ role }: Pick<Report, "role">): boolean {
    return role === "server" || role === "agent" || role === "pod";
}
