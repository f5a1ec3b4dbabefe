import * as pulumi from "@pulumi/pulumi";
import { ClusterEgress } from "./components/clusterEgress.ts";
import { readStackConfig } from "./components/config/stackConfig.ts";
import { programError } from "./components/programError.ts";

const read = readStackConfig(pulumi.runtime.allConfig());
if ("faults" in read) throw programError(read.faults.join("\n"));

const egress = new ClusterEgress("egress", read.config);

export const verdict = egress.verdict;
export const mss = egress.mss;
export const nodeMtu = egress.nodeMtu;
export const mssSearch = egress.mssSearch;
export const pathMtu = egress.pathMtu;
export const mode = egress.mode;
export const mirror = egress.mirrorDecision.mirror;
export const mirrorDecision = egress.mirrorDecision;
export const mirrorNext = egress.mirrorNext;
export const probes = egress.probes;
