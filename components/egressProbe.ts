import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { ProbePlan } from "../network/probe/plan.ts";
import { type Verdict, verdictOf } from "../network/verdict/index.ts";
import { Egress } from "../provider/resources/egress.ts";
import type { HostArgs } from "./hosts.ts";

/** A host that probes the way out, as what it is in the cluster. */
export interface VantagePointArgs extends HostArgs {
    role: "gateway" | "server" | "agent" | "host";
}

export interface EgressProbeArgs {
    vantagePoints: VantagePointArgs[];
    /** What is called and pulled, how often, and for how long. */
    plan: z.input<typeof ProbePlan>;
    /** Values whose change makes every vantage point probe again: `appliedAt` of what the probes should prove. */
    triggers?: pulumi.Input<string>[];
}

/** Probes the way out from several hosts, and says what their reports mean together. */
export class EgressProbe extends pulumi.ComponentResource {
    public readonly verdict: pulumi.Output<Verdict>;
    /** Whether egress works from every vantage point. */
    public readonly passed: pulumi.Output<boolean>;
    /** One resource for each vantage point, with its report. */
    public readonly probes: Egress[];

    constructor(name: string, args: EgressProbeArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:EgressProbe", name, {}, opts);
        const { plan, triggers = [] } = args;

        this.probes = args.vantagePoints.map(
            ({ name: vantagePoint, role, connection }) =>
                new Egress(
                    `${name}-${vantagePoint}`,
                    { connection, vantagePoint, role, plan, triggers },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );
        this.passed = pulumi.all(this.probes.map(probe => probe.passed)).apply(all => all.every(passed => passed));
        const { stability: threshold } = ProbePlan.parse(plan);
        const vantagePoints = args.vantagePoints.map(host => host.name);
        this.verdict = pulumi
            .all(this.probes.map(probe => probe.report))
            .apply(reports => verdictOf(reports, { vantagePoints, threshold }));

        this.registerOutputs({ verdict: this.verdict, passed: this.passed });
    }
}
