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
    registries: RegistriesArgs.describe("What registries.yaml says, with its own keys: `mirrors` and `configs`."),
    certificateAuthorities: z
        .record(CaName, certificate)
        .default({})
        .describe("Certificates in PEM by name, for `tls.ca`. They are written to `/etc/rancher/k3s/registries-ca`."),
    adopt: z
        .boolean()
        .default(false)
        .describe("Whether to take over a registries.yaml that is not ours. It is kept and put back on delete."),
    readySeconds: z
        .int()
        .min(5)
        .max(900)
        .default(120)
        .describe("Longest wait, in seconds, for a node to come back after a restart of K3s."),
    kubeconfig: z
        .string()
        .min(1)
        .optional()
        .describe("Text of a kubeconfig. With it a restarted node must also become Ready in the cluster.")
        .meta({ secret: true }),
    nodeName: z.string().min(1).optional().describe("The node's name in Kubernetes. Default: what K3s names it."),
});

/** Outputs of `clearpath:k3s:Registries`, beside its inputs. */
export const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    path: z.string().describe("Where the node's registries are written to: where its K3s reads them."),
    k3sVersion: z.string().nullable().describe("Release of the K3s that is installed; null where none is."),
    effect: z
        .enum(["at-start", "live", "restart"])
        .describe("How the last change took effect: when K3s first starts, at the next pull, or by a restart."),
    reason: z.string().describe("Why it did so, in one sentence."),
    upstreamLast: z
        .boolean()
        .describe("Whether K3s leaves the upstream behind the mirrors: not with `disable-default-registry-endpoint`."),
    drift: z.array(z.string()).describe("Files on the host that are not as they were written."),
});

export type Inputs = z.infer<typeof inputs>;
export type Outputs = z.infer<typeof outputs>;
