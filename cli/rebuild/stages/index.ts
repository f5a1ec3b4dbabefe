import type { Stage } from "../stage.ts";
import { bootstrap, destroy, rebuild } from "./commands.ts";
import { gates } from "./gates.ts";
import { hosts } from "./hosts.ts";
import { mirror, probeMirror } from "./mirror.ts";
import { network, refresh } from "./network.ts";
import { probeBefore, probeNetwork, probeRebuilt } from "./probes.ts";

/** The workflow, in its order. */
export const stages: readonly Stage[] = [
    probeBefore,
    network,
    probeNetwork,
    destroy,
    rebuild,
    hosts,
    refresh,
    probeRebuilt,
    mirror,
    bootstrap,
    probeMirror,
    gates,
];
