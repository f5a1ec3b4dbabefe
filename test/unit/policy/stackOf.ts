import { createRequire } from "node:module";
import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import type { EndpointResult, PullResult, VantageReport } from "../../../network/probe/report.ts";
import { measured, nodeFacts, VMBR1_MAC } from "../components/facts.ts";

/** What the policy SDK wraps properties in: it throws when one is read that a preview cannot know. */
const { unknownCheckingProxy, unknownStringValue } = createRequire(import.meta.url)("@pulumi/policy/proxy.js") as {
    unknownCheckingProxy: <T>(props: T) => T;
    unknownStringValue: string;
};

/** A value that a preview cannot know. */
export const UNKNOWN = unknownStringValue;

/** A violation as a policy reported it; "" for the urn when it named no resource. */
export interface Violation {
    message: string;
    urn: string;
}

export interface ResourceSpec {
    type: string;
    name: string;
    props: Record<string, unknown>;
    parent?: string;
}

/** What a stack policy reports, and what it could not judge. At preview unless the update is said to be over. */
export async function judgeStack(
    policy: StackValidationPolicy,
    specs: ResourceSpec[],
    { preview = true, config = {} }: { preview?: boolean; config?: Record<string, unknown> } = {},
): Promise<{ violations: Violation[]; unjudged?: string }> {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "p", "s", preview);
    const resources = specs.map(
        ({ type, name, props }) =>
            ({
                type,
                name,
                urn: name,
                props: unknownCheckingProxy(props),
                dependencies: [],
            }) as unknown as PolicyResource,
    );
    for (const [index, { parent }] of specs.entries())
        resources[index]!.parent = resources.find(({ name }) => name === parent);
    return collect(report =>
        policy.validateStack(
            { resources, stackTags: new Map(), getConfig: configured(policy, config), notApplicable },
            report,
        ),
    );
}

export async function judgeResource(
    policy: ResourceValidationPolicy,
    type: string,
    props: Record<string, unknown>,
    config: Record<string, unknown> = {},
): Promise<{ violations: Violation[]; unjudged?: string }> {
    const args = {
        type,
        props: unknownCheckingProxy(props),
        urn: "urn",
        name: "name",
        getConfig: configured(policy, config),
        notApplicable,
    };
    const validate = policy.validateResource as (args: unknown, report: unknown) => void;
    return collect(report => validate(args, report));
}

/** The policy's own defaults, as the engine fills them in, and what a user sets over them. */
function configured(policy: { configSchema?: StackValidationPolicy["configSchema"] }, config: Record<string, unknown>) {
    const defaults = Object.entries(policy.configSchema?.properties ?? {}).map(([key, schema]) => [
        key,
        schema.default,
    ]);
    return <T extends object>() => ({ ...Object.fromEntries(defaults), ...config }) as T;
}

class NotApplicable extends Error {}

function notApplicable(reason?: string): never {
    throw new NotApplicable(reason);
}

async function collect(judge: (report: (message: string, urn?: string) => void) => unknown) {
    const violations: Violation[] = [];
    try {
        await judge((message, urn = "") => violations.push({ message, urn }));
    } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (error.constructor.name !== "UnknownValueError" && !(error instanceof NotApplicable)) throw error;
        return { violations, unjudged: error.message };
    }
    return { violations };
}

export function pathMtu(vantagePoint: string, props: Record<string, unknown> = {}): ResourceSpec {
    const known = { vantagePoint, result: measured(1380), facts: nodeFacts(VMBR1_MAC), ...props };
    return { type: "clearpath:probe:PathMtu", name: `path-mtu-${vantagePoint}`, props: known };
}

export function linkMtu(mtu: number, props: Record<string, unknown> = {}): ResourceSpec {
    const known = { link: "eth0", mtu, bridge: null, appliedAt: "2025-01-01T00:00:00Z", ...props };
    return { type: "clearpath:host:LinkMtu", name: "mtu-cp1", props: known };
}

export function gatewayPath(props: Record<string, unknown> = {}): ResourceSpec {
    const known = {
        mode: "routed",
        mss: { ipv4: 1340, ipv6: null },
        subnets: ["10.27.27.0/24"],
        gateway: "pve",
        vmBridge: null,
        ...props,
    };
    return { type: "clearpath:index:GatewayPath", name: "path", props: known };
}

export function nftTable(content: string, props: Record<string, unknown> = {}): ResourceSpec {
    const known = { table: "clearpath", content, appliedAt: "2025-01-01T00:00:00Z", ...props };
    return { type: "clearpath:host:NftTable", name: "path-pve", parent: "path", props: known };
}

const endpoint = (name: string): EndpointResult => ({
    endpoint: name,
    attempts: 12,
    succeeded: 12,
    failures: {},
    latency: { median: 20, p95: 40, p99: 60 },
    slow: 0,
    slowDns: 0,
    repeated: 0,
    byHello: {},
});

const pull = (image: string): PullResult => ({ image, attempts: 1, succeeded: 1, seconds: 1, via: "ctr", error: null });

/** A probe that found nothing wrong; `change` makes it find something. */
export function egress(
    vantagePoint: string,
    role: VantageReport["role"],
    change: (report: Omit<VantageReport, "samples">, props: Record<string, unknown>) => void = () => {},
): ResourceSpec {
    const report: Omit<VantageReport, "samples"> = {
        version: 1,
        vantagePoint,
        role,
        startedAt: "2025-01-01T00:01:00Z",
        seconds: 10,
        complete: true,
        incompleteReason: null,
        endpoints: [endpoint("ghcr.io"), endpoint("api.doppler.com")],
        pulls: [pull("registry.k8s.io/pause:3.10")],
        pathMtu: measured(null),
        facts: nodeFacts(VMBR1_MAC),
        stability: "stable",
    };
    const props: Record<string, unknown> = {
        vantagePoint,
        role,
        plan: {
            endpoints: [
                { host: "ghcr.io", kind: "registry" },
                { host: "api.doppler.com", kind: "api" },
            ],
            images: ["registry.k8s.io/pause:3.10"],
            budgetSeconds: 60,
        },
        ranAt: "2025-01-01T00:01:00Z",
        passed: true,
        report,
    };
    change(report, props);
    return { type: "clearpath:probe:Egress", name: `probe-${vantagePoint}`, props };
}
