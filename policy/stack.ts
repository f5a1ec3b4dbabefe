import type { PolicyResource } from "@pulumi/policy";
import type { Cidr } from "../network/cidr.ts";
import type { ClampMode } from "../network/clampTable.ts";
import type { BytesPerFamily } from "../network/family.ts";
import type { ProbePlan } from "../network/probe/plan.ts";
import type { HostNetworkFacts, PathMtuResult, VantageReport } from "../network/probe/report.ts";
import type { RegistriesArgs } from "../network/registries/args.ts";

/** Outputs of the resources that policies judge, by type token. */
interface Judged {
    "clearpath:host:NftTable": { table: string; content: string; appliedAt: string };
    "clearpath:host:LinkMtu": {
        link: string;
        mtu: number;
        appliedAt: string;
        bridge: { name: string; mtu: number } | null;
    };
    "clearpath:k3s:Registries": {
        registries: RegistriesArgs;
        k3sVersion: string | null;
        upstreamLast: boolean;
        appliedAt: string;
    };
    "clearpath:probe:PathMtu": {
        vantagePoint: string;
        measuredAt: string;
        result: PathMtuResult;
        facts: HostNetworkFacts;
    };
    "clearpath:probe:Egress": {
        vantagePoint: string;
        role: VantageReport["role"];
        plan: ProbePlan;
        ranAt: string;
        passed: boolean;
        report: Omit<VantageReport, "samples">;
    };
    "clearpath:cache:WarmImages": { held: string[]; missing: { image: string; reason: string }[] };
    "clearpath:index:PullThroughRegistry": { placement: "host" | "lxc" | "cluster"; address: string };
    "clearpath:index:MirrorFuse": { address: string; nodeAddresses: Record<string, string> };
    "clearpath:index:GatewayPath": {
        mode: ClampMode;
        mss: BytesPerFamily;
        subnets: Cidr[];
        gateway: string | null;
        vmBridge: string | null;
    };
}

/** A resource of a known type. Reading an unknown property throws, as the policy SDK wants it. */
export interface Found<Type extends keyof Judged> {
    name: string;
    urn: string;
    parent: string | undefined;
    props: Judged[Type];
}

/** The stack's resources of one type. */
export function resourcesOf<Type extends keyof Judged>(
    resources: readonly PolicyResource[],
    type: Type,
): Found<Type>[] {
    return resources
        .filter(resource => resource.type === type)
        .map(({ name, urn, parent, props }) => ({ name, urn, parent: parent?.urn, props: props as Judged[Type] }));
}

/**
 * Judges parts of a stack apart, so that a value which is unknown at preview in one of them hides nothing in another.
 * At the end the first unknown value is thrown again, so that the policy SDK says what could not be judged.
 */
export function separately<Part>(parts: Iterable<Part>, judge: (part: Part) => void): void {
    const unknowns: unknown[] = [];
    for (const part of parts) {
        try {
            judge(part);
        } catch (error) {
            if (!isUnknownValue(error)) throw error;
            unknowns.push(error);
        }
    }
    if (unknowns.length > 0) throw unknowns[0];
}

/** A value read from resources, or undefined while it is unknown. */
export function ifKnown<T>(read: () => T): T | undefined {
    try {
        return read();
    } catch (error) {
        if (!isUnknownValue(error)) throw error;
        return undefined;
    }
}

/** The SDK throws this class and does not export it. */
function isUnknownValue(error: unknown): boolean {
    return error instanceof Error && error.constructor.name === "UnknownValueError";
}
