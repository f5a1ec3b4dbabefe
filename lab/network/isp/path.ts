import type { PerFamily } from "../../../network/family.ts";
import type { Path, Scenario } from "../scenario.ts";
import { namespacePath, pathLink } from "../topology.ts";

/** What the forwarder does to packets of one direction. */
export interface DirectionConfig {
    /** IP versions that MTU, loss and silence hold for. */
    versions: (4 | 6)[];
    mtu: number;
    /** Whether a packet that is too big is answered. */
    answers: boolean;
    /** Who answers: the router at the far end of the path, as seen by the sender. */
    router: PerFamily<string>;
    lossPercent: number;
    delayMs: number;
    rateMbit: number;
    queueMs: number;
}

/** The forwarder's whole configuration. */
export interface ForwarderConfig {
    /** Start of its random draws. */
    seed: string;
    isp: { namespace: string; device: string };
    internet: { namespace: string; device: string };
    upload: DirectionConfig;
    download: DirectionConfig;
}

/** MTU of a direction in which the path does not limit packets: that of the TUN devices at its ends. */
const WHOLE_PACKETS = 1500;

const VERSIONS: Record<Path["family"], (4 | 6)[]> = { both: [4, 6], ipv4: [4], ipv6: [6] };

/** What the forwarder of one path is told, from the scenario. */
export function forwarderConfig(instance: string, scenario: Scenario, index: number): ForwarderConfig {
    const path = scenario.internet.paths[index]!;
    const { name, isp, internet } = pathLink(index);
    const direction = (name: "upload" | "download", router: PerFamily<string>): DirectionConfig => ({
        versions: VERSIONS[path.family],
        mtu: path.mtuAppliesTo === "both" || path.mtuAppliesTo === name ? path.mtu : WHOLE_PACKETS,
        answers: path.icmpFragNeeded === "pass",
        router,
        lossPercent: path.lossPercent,
        delayMs: path.delayMs,
        rateMbit: path.rateMbit,
        queueMs: path.queueMs,
    });
    return {
        seed: `${scenario.seed}/${name}`,
        isp: { namespace: namespacePath(instance, "isp"), device: name },
        internet: { namespace: namespacePath(instance, "internet"), device: name },
        upload: direction("upload", internet),
        download: direction("download", isp),
    };
}
