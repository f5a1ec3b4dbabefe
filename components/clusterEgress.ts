import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { familyOfAddress } from "../network/cidr.ts";
import type { ClampMode } from "../network/clampTable.ts";
import type { BytesPerFamily } from "../network/family.ts";
import { mssFor } from "../network/mss.ts";
import { MssSearch, mssToTry, searchAfter, wantsAnotherTry } from "../network/mssSearch.ts";
import { measuredPathMtu } from "../network/mtu.ts";
import type { ProbePlan } from "../network/probe/plan.ts";
import { decideMirror, type LastOutcome, MirrorDecision } from "../network/pullThrough/decision.ts";
import { Verdict } from "../network/verdict/index.ts";
import { PathMtu } from "../provider/resources/pathMtu.ts";
import { type Complete, withDefaults } from "./arguments.ts";
import { type CacheArgs, ClusterMirrors } from "./clusterMirrors.ts";
import { StackSettings } from "./config/config.ts";
import { EgressProbe } from "./egressProbe.ts";
import { GatewayPath } from "./gatewayPath.ts";
import { HostPrerequisites } from "./hostPrerequisites.ts";
import { type GatewayArgs, type HostArgs, type NodeArgs, plainHost } from "./hosts.ts";
import { NodeMtu } from "./nodeMtu.ts";
import { outputsBefore } from "./outputsBefore.ts";
import { programError } from "./programError.ts";

/** Settings of a stack that are plain arguments of ClusterEgress. */
export const EgressSettings = StackSettings.pick({
    nodeSubnets: true,
    podSubnets: true,
    nodeMtu: true,
    mss: true,
    pathMtu: true,
    prerequisites: true,
    mirror: true,
});

export type ClusterEgressArgs = z.input<typeof EgressSettings> & {
    /** The host that the nodes' packets pass. Without it every node clamps for itself. */
    gateway?: GatewayArgs;
    nodes: NodeArgs[];
    /** The cache. Needed unless `mirror` is never. */
    cache?: CacheArgs;
    /** What the probes call and pull, how often, and for how long. */
    probe: z.input<typeof ProbePlan>;
};

/** How the way out looked from one host, after the last change. */
export interface ProbeSummary {
    passed: boolean;
    /** When the probe began, ISO 8601, by the clock of the machine that runs Pulumi. */
    ranAt: string;
    stability: "stable" | "unstable" | "inconclusive";
}

/**
 * The whole way out of a K3s cluster: measures the path, clamps TCP to it, sets the nodes' MTU, and probes from every
 * host after every change.
 */
export class ClusterEgress extends pulumi.ComponentResource {
    /** What the probes say about the way out as it is now. */
    public readonly verdict: pulumi.Output<Verdict>;
    /** MSS that is clamped to, in bytes; null where nothing is clamped. */
    public readonly mss: pulumi.Output<BytesPerFamily>;
    /** MTU of the nodes' links, in bytes. */
    public readonly nodeMtu: pulumi.Output<number>;
    /** Path MTU that the MSS comes from, in bytes; null where it could not be measured. */
    public readonly pathMtu: pulumi.Output<BytesPerFamily>;
    /** Where TCP is clamped, and why there. */
    public readonly mode: pulumi.Output<{ mode: ClampMode; why: string }>;
    /** How far the search for an MSS has come; null where it is given by hand. */
    public readonly mssSearch: pulumi.Output<MssSearch | null>;
    /** Whether the nodes pull through a cache, and the evidence that decided. */
    public readonly mirrorDecision: pulumi.Output<MirrorDecision>;
    /** What `mirror: auto` will decide in the next `up`, by the verdict of this one. */
    public readonly mirrorNext: pulumi.Output<MirrorDecision>;
    /** By vantage point. */
    public readonly probes: pulumi.Output<Record<string, ProbeSummary>>;

    constructor(name: string, given: ClusterEgressArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:ClusterEgress", name, {}, opts);
        const args = withDefaults(EgressSettings, given);
        const { gateway, nodes, nodeSubnets, podSubnets, mss, pathMtu, probe, mirror } = args;
        const hosts = gateway ? [gateway, ...nodes] : nodes;

        const ready = args.prerequisites
            ? [new HostPrerequisites(`${name}-prerequisites`, { hosts }, { parent: this })]
            : [];

        // Measured before anything is clamped, and not again because of it: under a clamp no larger packet can be tried.
        const measured = (host: HostArgs) =>
            new PathMtu(
                `${name}-path-mtu-${host.name}`,
                { connection: host.connection, vantagePoint: host.name, endpoints: probe.endpoints },
                { parent: this, dependsOn: ready },
            );
        const atGateway = gateway && measured(gateway);
        const atNodes = (gateway ? nodes.slice(0, 1) : nodes).map(measured);
        const measurements = atGateway ? [atGateway, ...atNodes] : atNodes;
        this.pathMtu =
            pathMtu === "auto"
                ? pulumi.all(measurements.map(({ result }) => result)).apply(measuredPathMtu)
                : pulumi.output({ ipv4: pathMtu.ipv4 ?? null, ipv6: pathMtu.ipv6 ?? null });

        const before = mss === "auto" || mirror === "auto" ? outputsBefore(this) : pulumi.output(undefined);
        const searched = mss === "auto" ? before.apply(lastSearch) : pulumi.output(undefined);
        const clampTo = pulumi
            .all([this.pathMtu, searched])
            .apply(([pathMtu, search]) => (mss === "auto" ? mssToTry(pathMtu, search) : mssFor(mss, pathMtu)));

        const endpoints = probe.endpoints.map(({ host, port = 443 }) => ({ host, port }));
        const path = new GatewayPath(
            `${name}-path`,
            {
                gateway,
                nodes,
                nodeSubnets,
                podSubnets,
                mss: clampTo,
                pathMtu: this.pathMtu,
                gatewayFacts: atGateway?.facts,
                nodeFacts: atNodes.map(({ facts }) => facts),
                endpoints,
            },
            { parent: this, dependsOn: measurements },
        );
        this.mss = path.mss;
        this.mode = pulumi.all([path.mode, path.why]).apply(([mode, why]) => ({ mode, why }));

        // The nodes are reached through the gateway, so only one of the two changes at a time.
        const mtu = new NodeMtu(
            `${name}-mtu`,
            { nodes, mtu: args.nodeMtu, endpoints },
            { parent: this, dependsOn: path.tables },
        );
        this.nodeMtu = mtu.mtu;

        const changed = [...path.tables, ...mtu.links];
        this.mirrorDecision = before.apply(outputs => {
            const decision = decideMirror(mirror, lastOutcome(outputs));
            if (mirror === "auto")
                pulumi.log.info(`mirror auto: ${decision.mirror ? "a cache" : "no cache"}. ${decision.why}`, this);
            return decision;
        });
        const mirrors = this.#mirrors(name, args, path, changed);

        const proof = new EgressProbe(
            `${name}-probe`,
            {
                vantagePoints: [...(gateway ? [{ ...gateway, role: "gateway" as const }] : []), ...nodes],
                plan: { ...probe, neighbours: probe.neighbours?.length ? probe.neighbours : addressesOf(nodes) },
                triggers: [
                    ...changed.map(({ appliedAt }) => appliedAt),
                    path.mss.apply(sizes => `mss ${sizes.ipv4} ${sizes.ipv6}`),
                    ...mirrors.triggers,
                ],
            },
            { parent: this, dependsOn: pulumi.output(mirrors.resources).apply(made => [...changed, ...made]) },
        );
        this.verdict = proof.verdict;
        this.mssSearch = pulumi
            .all([this.pathMtu, searched, this.mss, proof.verdict, clampedReports(proof, path.mode)])
            .apply(([pathMtu, search, mssInForce, verdict, { reports, provenAt }]) =>
                mss === "auto" ? searchAfter(pathMtu, search, { mss: mssInForce, provenAt, verdict, reports }) : null,
            );
        this.mirrorNext = pulumi
            .all([this.mirrorDecision, proof.verdict, this.mssSearch])
            .apply(([decision, verdict, search]) =>
                decideMirror(mirror, { verdict, decision, stillSearching: search !== null && wantsAnotherTry(search) }),
            );
        this.probes = pulumi
            .all(
                proof.probes.map(({ vantagePoint, passed, ranAt, report }) => ({
                    vantagePoint,
                    passed,
                    ranAt,
                    report,
                })),
            )
            .apply(all =>
                Object.fromEntries(
                    all.map(({ vantagePoint, passed, ranAt, report }) => [
                        vantagePoint,
                        { passed, ranAt, stability: report.stability },
                    ]),
                ),
            );

        this.registerOutputs({
            verdict: this.verdict,
            mss: this.mss,
            nodeMtu: this.nodeMtu,
            pathMtu: this.pathMtu,
            mode: this.mode,
            mssSearch: this.mssSearch,
            mirrorDecision: this.mirrorDecision,
            mirrorNext: this.mirrorNext,
            probes: this.probes,
        });
    }

    /** The cache and the nodes' registries, where they are decided for: what probes depend on, and what they prove. */
    #mirrors(
        name: string,
        { mirror, cache, nodes, gateway, nodeSubnets, podSubnets }: Complete<typeof EgressSettings, ClusterEgressArgs>,
        path: GatewayPath,
        dependsOn: pulumi.Resource[],
    ): { resources: pulumi.Input<pulumi.Resource[]>; triggers: pulumi.Input<string>[] } {
        if (mirror === "never") return { resources: [], triggers: [] };
        if (cache === undefined)
            throw programError(`${name}: mirror ${mirror} needs a cache. Nothing was changed. Give cache.`);
        const clampsItself = gateway === undefined || gateway.mode === "nodes";
        const clamp = clampsItself
            ? { mss: path.mss, mode: path.mode, subnets: [...nodeSubnets, ...podSubnets] }
            : undefined;
        const make = () => new ClusterMirrors(`${name}-mirrors`, { nodes, cache, clamp }, { parent: this, dependsOn });
        // What is always there is registered at once, so that it is in a preview which knows nothing.
        const made =
            mirror === "always"
                ? pulumi.output([make()])
                : this.mirrorDecision.apply(({ mirror }) => (mirror ? [make()] : []));
        return {
            resources: made.apply(all => all.flatMap(({ registries }) => registries.nodes)),
            triggers: [
                made.apply(all =>
                    pulumi
                        .all(all.flatMap(({ appliedAt }) => appliedAt))
                        .apply(times => (times.length === 0 ? "no mirrors" : `mirrors ${times.join(" ")}`)),
                ),
            ],
        };
    }
}

/** Addresses of the nodes, where their connections go by address. A host asks those that are in its own network. */
function addressesOf(nodes: readonly NodeArgs[]): string[] {
    return nodes.map(plainHost).filter(host => host !== undefined && familyOfAddress(host) !== undefined) as string[];
}

/** What the last `up` recorded and decided. */
function lastOutcome(outputs: Record<string, unknown> | undefined): LastOutcome | undefined {
    const verdict = Verdict.safeParse(outputs?.verdict).data;
    if (verdict === undefined) return undefined;
    const search = MssSearch.safeParse(outputs?.mssSearch).data;
    const decision = MirrorDecision.safeParse(outputs?.mirrorDecision).data ?? { mirror: false, why: "" };
    return { verdict, decision, stillSearching: search !== undefined && wantsAnotherTry(search) };
}

/** The search as the last `up` left it. Says what will be tried where it has not ended. */
function lastSearch(outputs: Record<string, unknown> | undefined): MssSearch | undefined {
    const search = MssSearch.safeParse(outputs?.mssSearch).data;
    const last = search?.steps.at(-1);
    if (search && last && wantsAnotherTry(search)) pulumi.log.info(`After the last probes: ${last.sentence}`);
    return search;
}

/** What the vantage points found whose connections are clamped, and when the last of all began. */
function clampedReports({ probes }: EgressProbe, mode: pulumi.Output<ClampMode>) {
    const runs = pulumi.all(probes.map(({ report, ranAt }) => ({ report, ranAt })));
    return pulumi.all([runs, mode]).apply(([all, where]) => ({
        // Nodes that clamp for themselves leave the gateway as it is.
        reports: all.map(({ report }) => report).filter(({ role }) => where !== "nodes" || role !== "gateway"),
        provenAt:
            all
                .map(({ ranAt }) => ranAt)
                .toSorted()
                .at(-1) ?? "",
    }));
}
