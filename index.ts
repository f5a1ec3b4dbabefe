import * as pulumi from "@pulumi/pulumi";
import { ClusterEgress } from "./components/clusterEgress.ts";
import { readStackConfig } from "./components/stackConfig.ts";

const read = readStackConfig(pulumi.runtime.allConfig());
if ("faults" in read) throw new pulumi.RunError(read.faults.join("\n"));

const egress = new ClusterEgress("egress", read.config);

export const verdict = egress.verdict;
export const mss = egress.mss;
export const nodeMtu = egress.nodeMtu;
export const pathMtu = egress.pathMtu;
export const mode = egress.mode;
export const probes = egress.probes;
