import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { GateOutcome, WantedSecret } from "../cluster/secrets/settings.ts";
import { SecretGate as Gate } from "../provider/resources/secretGate.ts";

export interface SecretGateArgs {
    /** Text of the cluster's kubeconfig. It is kept as a secret. */
    kubeconfig: pulumi.Input<string>;
    /** Context of the kubeconfig. Default: its current one. */
    context?: pulumi.Input<string>;
    /** Secrets that workloads start with, as `namespace/name` of their ExternalSecret, or with the keys they must have. */
    secrets: (string | z.input<typeof WantedSecret>)[];
    /** Whether to wait for Secrets that are synced from now on. What is there passes in the end, with a warning. Default: false. */
    fresh?: boolean;
    /** Longest wait for a newer Secret where an older one is there, in seconds. Default: 60. */
    freshSeconds?: number;
    /** Longest wait for a Secret that is not there, in seconds. Default: 300. */
    timeoutSeconds?: number;
    /** Values whose change makes the gate look again. */
    triggers?: pulumi.Input<string>[];
}

/** Holds back what depends on it until the Secrets that it needs are generated, whether or not their provider answers. */
export class SecretGate extends pulumi.ComponentResource {
    /** What was found of each Secret; names of keys, never values. */
    public readonly outcomes: pulumi.Output<GateOutcome[]>;
    /** When the gate opened, ISO 8601. */
    public readonly passedAt: pulumi.Output<string>;

    constructor(name: string, args: SecretGateArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold a kubeconfig, which would enter the state as the component's inputs.
        super("clearpath:index:SecretGate", name, {}, opts);
        const { kubeconfig, context, secrets, fresh, freshSeconds, timeoutSeconds, triggers } = args;

        const gate = new Gate(
            `${name}-secrets`,
            {
                connection: { kubeconfig, context },
                secrets: secrets.map(wanted),
                fresh,
                freshSeconds,
                timeoutSeconds,
                triggers,
            },
            { parent: this, dependsOn: opts.dependsOn },
        );
        this.outcomes = gate.outcomes;
        this.passedAt = gate.passedAt;

        this.registerOutputs({ outcomes: this.outcomes, passedAt: this.passedAt });
    }
}

function wanted(secret: string | z.input<typeof WantedSecret>): z.input<typeof WantedSecret> {
    if (typeof secret !== "string") return secret;
    const at = secret.indexOf("/");
    return { namespace: secret.slice(0, Math.max(0, at)), name: secret.slice(at + 1) };
}
