import type { ReportViolation, StackValidationArgs, StackValidationPolicy } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { type Found, resourcesOf } from "./stack.ts";

type Probe = Found<"clearpath:probe:Egress">;

/**
 * A judgement on the probes' reports as they are after the change. A preview could only judge the reports from before
 * it, and would refuse the change that repairs what they show.
 */
function afterApply(
    judge: (probes: Probe[], args: StackValidationArgs, report: ReportViolation) => void,
): StackValidationPolicy["validateStack"] {
    return (args, report) => {
        if (pulumi.runtime.isDryRun())
            return args.notApplicable("The probes run with the update and are judged after it.");
        const probes = resourcesOf(args.resources, "clearpath:probe:Egress");
        if (probes.length === 0) return args.notApplicable("There is no probe in this stack.");
        judge(probes, args, report);
    };
}

const isNode = ({ props }: Probe) => props.role === "server" || props.role === "agent";

/** What the probes say was found after the last change to the network, not before it. */
export const probesFresh: StackValidationPolicy = {
    name: "probes-fresh",
    description: "Every probe ran to its end after the last change to the network.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            roles: {
                type: "array",
                items: { type: "string", enum: ["gateway", "server", "agent", "pod", "host"] },
                default: ["gateway", "server", "agent", "pod", "host"],
                description: "Vantage points that are judged, by their role.",
            },
        },
    },
    validateStack: (args, report) => {
        if (pulumi.runtime.isDryRun())
            return args.notApplicable("The probes run with the update and are judged after it.");
        const { roles } = args.getConfig<{ roles: string[] }>();
        const changes = [
            ...resourcesOf(args.resources, "clearpath:host:NftTable"),
            ...resourcesOf(args.resources, "clearpath:host:LinkMtu"),
        ].sort((left, right) => Date.parse(right.props.appliedAt) - Date.parse(left.props.appliedAt));
        const [last] = changes;
        const probes = resourcesOf(args.resources, "clearpath:probe:Egress");
        if (probes.length === 0 && last !== undefined)
            report(
                `${last.name} changed the network and no probe proves that it still works. Add an EgressProbe whose triggers are the appliedAt of what changes.`,
                last.urn,
            );
        for (const { name, urn, props } of probes.filter(({ props }) => roles.includes(props.role))) {
            if (last && Date.parse(props.ranAt) < Date.parse(last.props.appliedAt))
                report(
                    `${name} ran at ${props.ranAt}, before ${last.name} changed the network at ${last.props.appliedAt}. Its result may be out of date. Run \`up\` without --target, and give the probe's triggers the appliedAt of ${last.name}.`,
                    urn,
                );
            if (!props.report.complete)
                report(
                    `${name} was cut short: ${props.report.incompleteReason}. What it did not try is not proven. Remove the cause, or raise probe.budgetSeconds above ${props.plan.budgetSeconds}, and run \`up\` again.`,
                    urn,
                );
        }
    },
};

/** The symptom of a path MTU black hole: TCP connects, and the TLS handshake hangs. */
export const noTlsTimeouts: StackValidationPolicy = {
    name: "no-tls-timeouts",
    description: "No TLS handshake timed out, or took so long that TCP must have found its way through a hole.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            maximum: {
                type: "integer",
                minimum: 0,
                default: 0,
                description: "Handshakes of one vantage point that may time out or be slow.",
            },
        },
    },
    validateStack: afterApply((probes, { getConfig }, report) => {
        const { maximum } = getConfig<{ maximum: number }>();
        for (const { urn, props } of probes) {
            const hit = props.report.endpoints
                .map(({ endpoint, failures, slow, attempts }) => ({
                    endpoint,
                    attempts,
                    bad: (failures["tls-timeout"] ?? 0) + slow,
                }))
                .filter(({ bad }) => bad > 0);
            if (hit.reduce((sum, { bad }) => sum + bad, 0) <= maximum) continue;
            const counts = hit.map(({ endpoint, bad, attempts }) => `${endpoint} ${bad} of ${attempts}`).join(", ");
            report(
                `From ${props.vantagePoint} TLS handshakes timed out or took seconds: ${counts}. Large packets are still lost on the way, and image pulls will hang. Look at the stack's verdict. With mss auto the next \`up\` clamps to less where that can help: see the output mssSearch.`,
                urn,
            );
        }
    }),
};

/** What the cluster needs at its first start. */
export const pullsSucceed: StackValidationPolicy = {
    name: "pulls-succeed",
    description: "Every server and enough agents pulled every test image.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            agents: {
                type: "integer",
                minimum: 0,
                default: 1,
                description: "Agents that must have pulled every image; all of them where there are fewer.",
            },
        },
    },
    validateStack: afterApply((probes, { getConfig, notApplicable }, report) => {
        const pulling = probes.filter(probe => isNode(probe) && probe.props.plan.images.length > 0);
        if (pulling.length === 0) return notApplicable("No node is asked to pull an image.");
        const failed = pulling.filter(probe => faultOfPulls(probe) !== undefined);
        const agents = pulling.filter(({ props }) => props.role === "agent");
        const needed = Math.min(getConfig<{ agents: number }>().agents, agents.length);
        const enough = agents.filter(agent => !failed.includes(agent)).length >= needed;
        for (const probe of failed.filter(({ props }) => props.role === "server" || !enough)) {
            const { vantagePoint, role } = probe.props;
            const asked = role === "server" ? "Every server" : `At least ${needed} of ${agents.length} agents`;
            report(
                `${vantagePoint} ${faultOfPulls(probe)}. Its pods will not start. ${asked} must pull every image: read the error, remove its cause, and run \`up\` again.`,
                probe.urn,
            );
        }
    }),
};

function faultOfPulls({ props }: Probe): string | undefined {
    const { plan, report } = props;
    const missing = plan.images.filter(image => !report.pulls.some(pull => pull.image === image && pull.attempts > 0));
    if (missing.length > 0) return `did not try to pull ${missing.join(", ")}`;
    const failed = report.pulls.filter(({ attempts, succeeded }) => succeeded < attempts);
    if (failed.length === 0) return undefined;
    return `could not pull ${failed.map(({ image, error }) => `${image} (${error ?? "no reason given"})`).join(", ")}`;
}

/** External Secrets works only while the API that it calls answers. */
export const apiReachable: StackValidationPolicy = {
    name: "api-reachable",
    description: "Every node reached the APIs that the cluster calls.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            successRate: {
                type: "number",
                minimum: 0,
                maximum: 1,
                default: 0.9,
                description: "Part of the calls to each API that must succeed.",
            },
        },
    },
    validateStack: afterApply((probes, { getConfig, notApplicable }, report) => {
        const { successRate } = getConfig<{ successRate: number }>();
        const callers = probes.filter(probe => isNode(probe) || probe.props.role === "pod");
        const calls = callers.flatMap(probe =>
            probe.props.plan.endpoints.filter(({ kind }) => kind === "api").map(({ host }) => ({ probe, host })),
        );
        if (calls.length === 0) return notApplicable("No node is asked to call an API.");
        for (const { probe, host } of calls) {
            const result = probe.props.report.endpoints.find(({ endpoint }) => endpoint === host);
            const [succeeded, attempts] = [result?.succeeded ?? 0, result?.attempts ?? 0];
            if (attempts > 0 && succeeded / attempts >= successRate) continue;
            const failures = Object.entries(result?.failures ?? {}).map(([kind, count]) => `${kind} ${count}`);
            report(
                `${probe.props.vantagePoint} reached ${host} in ${succeeded} of ${attempts} calls${failures.length > 0 ? ` (${failures.join(", ")})` : ""}. Secrets from there go stale, and pods that wait for them do not start. At least ${Math.ceil(successRate * 100)} of 100 calls must succeed: see the stack's verdict for the cause.`,
                probe.urn,
            );
        }
    }),
};
