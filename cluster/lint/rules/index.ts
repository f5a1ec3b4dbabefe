import type { RuleName, Severity } from "../finding.ts";
import type { Rule } from "../judgement.ts";
import { generatedSecretUnchecked } from "./generatedSecretUnchecked.ts";
import { imageOutsideMirrorGroups } from "./imageOutsideMirrorGroups.ts";
import { notRead } from "./notRead.ts";
import { secretMadeLater } from "./secretMadeLater.ts";
import { storeInHealthChecks } from "./storeInHealthChecks.ts";
import { waitOnStore } from "./waitOnStore.ts";
import { workloadWaitsForStore } from "./workloadWaitsForStore.ts";

/** A rule with what the reference says of it. */
export interface RuleEntry {
    finds: string;
    severities: Severity[];
    /** What `--fix` does about it; empty where nothing is safe. */
    fix: string;
    judge: Rule;
}

/** Every rule, in the order of the reference, `docs/reference/lint.md`. */
export const rules: Record<RuleName, RuleEntry> = {
    "store-in-health-checks": {
        finds: "a ClusterSecretStore or SecretStore in `healthChecks` or `healthCheckExprs`",
        severities: ["error", "warning"],
        fix: "removes the entry",
        judge: storeInHealthChecks,
    },
    "wait-on-store": {
        finds: "`wait: true` on a Kustomization whose objects include a store, or a HelmRelease that waits for one",
        severities: ["error"],
        fix: "takes the kind as ready by one entry of `healthCheckExprs`",
        judge: waitOnStore,
    },
    "workload-waits-for-store": {
        finds: "a chain of `dependsOn` by which a workload that needs no secret of a provider waits for it to be validated live",
        severities: ["error", "warning"],
        fix: "",
        judge: workloadWaitsForStore,
    },
    "generated-secret-unchecked": {
        finds: "an ExternalSecret for bootstrap whose generated Secret nothing checks",
        severities: ["error", "warning"],
        fix: "adds the Secret to `healthChecks`; in a declared bootstrap, in place of `wait`",
        judge: generatedSecretUnchecked,
    },
    "secret-made-later": {
        finds: "a Secret that a Kustomization waits for, made by what waits for that Kustomization",
        severities: ["error"],
        fix: "",
        judge: secretMadeLater,
    },
    "image-outside-mirror-groups": {
        finds: "a bootstrap image that no mirror group holds (with `--image-groups`)",
        severities: ["warning"],
        fix: "",
        judge: imageOutsideMirrorGroups,
    },
    "not-read": {
        finds: "what could not be read, so that silence about it is no pass",
        severities: ["note"],
        fix: "",
        judge: notRead,
    },
};
