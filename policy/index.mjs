// The policy SDK loads a pack by require(), and so its main file must be one that Node takes for a module by its name.
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies.ts";

new PolicyPack("clearpath", {
    description: "Refuses what would break a K3s cluster's way out, and judges the probes after every change.",
    policies,
});
