import { z } from "zod";
import { CaName, RegistriesArgs } from "../../network/registries/args.ts";
import { appliedAt, hostInputs, hostOutputs } from "../resource.ts";

const certificate = z
    .string()
    .regex(
        /^\s*(?:-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/,
        "must be one or more certificates in PEM",
    );

/** Inputs of `clearpath:k3s:Registries`. */
export const inputs = z.strictObject({
    ...hostInputs,
    registries: RegistriesArgs.describe("Content of registries.yaml, with its own keys: `mirrors` and `configs`."),
    certificateAuthorities: z
        .record(CaName, certificate)
        .default({})
        .describe("Certificates in PEM by name, for `tls.ca`. They are written to `/etc/rancher/k3s/registries-ca`."),
    adopt: z
        .boolean()
        .default(false)
        .describe(
            "Whether to take over a registries.yaml that Clearpath did not write. It is kept and put back on delete.",
        ),
    readySeconds: z
        .int()
        .min(5)
        .max(900)
        .default(120)
        .describe("How long a node may take to be ready again after a restart of K3s, in seconds."),
    kubeconfig: z
        .string()
        .min(1)
        .optional()
        .describe("Text of a kubeconfig. With it a restarted node must also become Ready in the cluster.")
        .meta({ secret: true }),
    nodeName: z
        .string()
        .min(1)
        .optional()
        .describe("The node's name in Kubernetes. Default: the name that K3s gives it."),
});

/** Outputs of `clearpath:k3s:Registries`, beside its inputs. */
export const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    path: z.string().describe("Path of the node's registries.yaml, where its K3s reads it."),
    k3sVersion: z.string().nullable().describe("Release of the installed K3s; null where K3s is not installed."),
    effect: z
        .enum(["at-start", "live", "restart"])
        .describe("How the last change took effect: at the first start of K3s, at the next pull, or by a restart."),
    reason: z.string().describe("Why the change took effect in that way, in one sentence."),
    upstreamLast: z
        .boolean()
        .describe(
            "Whether nodes ask the upstream registry after the mirrors. They do not with `disable-default-registry-endpoint`.",
        ),
    drift: z.array(z.string()).describe("Files on the host that differ from what Clearpath wrote."),
});

export type Inputs = z.infer<typeof inputs>;
export type Outputs = z.infer<typeof outputs>;
