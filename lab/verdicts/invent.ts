import { draws } from "../network/internet/draw.ts";
import { type Expect, parseScenario, type Scenario, type ScenarioInput } from "../network/scenario.ts";
import { DNS_SERVER } from "../network/topology.ts";

/** Draws for one scenario. */
interface Dice {
    /** A whole number, both ends included. */
    number(low: number, high: number): number;
    one<T>(of: readonly T[]): T;
    /** True in this share of draws. */
    chance(share: number): boolean;
    some<T>(of: readonly T[], count: number): T[];
}

type Input = Omit<ScenarioInput, "name" | "expect">;
type Path = NonNullable<NonNullable<ScenarioInput["internet"]>["paths"]>[number];

/** A network with one fault, and the verdict that it deserves because it was made so. */
interface Invention extends Input {
    truth: NonNullable<Expect["before"]>;
}

type Inventor = (dice: Dice) => Invention;

const REGISTRIES = ["ghcr.io", "registry-1.docker.io", "quay.io", "registry.k8s.io"] as const;
const ENDPOINTS = [...REGISTRIES, "api.doppler.com"] as const;
/** Hosts that registries send clients to. */
const BEHIND = ["auth.docker.io", "production.cloudflare.docker.com", "cdn01.quay.io"] as const;

/** Kinds of networks by name; each is drawn as often as any other. */
const KINDS: Readonly<Record<string, Inventor>> = {
    healthy: dice => ({
        internet: {
            paths: paths(dice, () => ({ lossPercent: dice.chance(0.3) ? dice.number(1, 8) / 100 : 0 })),
            ...(dice.chance(0.3) && { dns: { delayMs: dice.number(20, 400) } }),
            ...(dice.chance(0.3) && { endpoints: { [dice.one(ENDPOINTS)]: { delayMs: dice.number(100, 1500) } } }),
        },
        nodes: { workers: dice.number(1, 2), mtu: dice.one([1280, 1400, 1450, 1500]) },
        truth: { cause: "none" },
    }),
    "narrow-line": dice => ({
        internet: { paths: [{ rateMbit: dice.number(15, 60), queueMs: dice.number(300, 1000), delayMs: delay(dice) }] },
        truth: { cause: "none" },
    }),
    "far-away": dice => ({
        internet: { paths: [{ delayMs: dice.number(100, 250) }] },
        nodes: { workers: dice.number(0, 2) },
        truth: { cause: "none" },
    }),
    "path-mtu-discovery-works": dice => ({
        internet: {
            paths: paths(dice, () => ({
                mtu: dice.number(1280, 1490),
                mtuAppliesTo: dice.one(["both", "download", "upload"]),
            })),
        },
        truth: { cause: "none" },
    }),
    "large-frames-everywhere": dice => ({
        internet: { paths: paths(dice) },
        gateway: { bridgeMtu: 9000 },
        nodes: { mtu: dice.one([1500, 4000, 9000]) },
        truth: { cause: "none" },
    }),
    "black-hole": dice => {
        const [mtu, direction] = [dice.number(1285, 1492), dice.one(["both", "download", "upload"] as const)];
        const family = dice.one(["both", "both", "ipv4", "ipv6"] as const);
        const hole = { mtu, mtuAppliesTo: direction, icmpFragNeeded: "drop" as const, family };
        return {
            internet: { paths: paths(dice, () => ({ ...hole, lossPercent: dice.one([0, 0, 0.05, 1]) })) },
            nodes: { mtu: dice.one([1500, Math.min(1500, mtu + 8)]), workers: dice.number(1, 2) },
            truth: {
                ...holeOf(direction),
                scope: "host-and-vms",
                pathMtu: { ...(family !== "ipv6" && { ipv4: mtu }), ...(family !== "ipv4" && { ipv6: mtu }) },
            },
        };
    },
    "black-hole-on-one-path": dice => {
        const direction = dice.one(["both", "download", "upload"] as const);
        const mtu = dice.number(1285, 1480);
        const hole = { weight: dice.number(1, 2), mtu, mtuAppliesTo: direction, icmpFragNeeded: "drop" as const };
        return {
            internet: {
                paths: [
                    { weight: dice.number(1, 4), delayMs: delay(dice) },
                    { ...hole, delayMs: delay(dice) },
                ],
            },
            truth: { ...holeOf(direction), scope: "host-and-vms" },
        };
    },
    "black-hole-and-endpoint": dice => {
        const direction = dice.one(["both", "download"] as const);
        const mtu = dice.number(1285, 1480);
        return {
            internet: {
                paths: [{ mtu, mtuAppliesTo: direction, icmpFragNeeded: "drop", delayMs: delay(dice) }],
                endpoints: { [dice.one(ENDPOINTS)]: { unreachable: dice.one(["drop", "reset"]) } },
            },
            truth: { ...holeOf(direction), scope: "host-and-vms" },
        };
    },
    "gateway-drops-icmp": dice => ({
        internet: {
            paths: [{ mtu: dice.number(1285, 1480), mtuAppliesTo: dice.one(["both", "upload"]), delayMs: delay(dice) }],
        },
        gateway: { icmpFragNeeded: "drop" },
        truth: { cause: "pmtu-black-hole", direction: "upload", scope: "vm-subnet", icmpFilteredAt: "gateway" },
    }),
    "gateway-drops-icmp-in-vain": dice => ({
        internet: { paths: paths(dice) },
        gateway: { icmpFragNeeded: "drop" },
        truth: { cause: "none" },
    }),
    "everyone-drops-icmp": dice => ({
        internet: { paths: [{ mtu: dice.number(1285, 1480), icmpFragNeeded: "drop", delayMs: delay(dice) }] },
        gateway: { icmpFragNeeded: "drop" },
        truth: { ...holeOf("both"), scope: "host-and-vms" },
    }),
    "black-hole-too-deep-for-ipv6": dice => {
        const mtu = dice.number(900, 1270);
        return {
            internet: { paths: [{ mtu, icmpFragNeeded: "drop", delayMs: delay(dice) }] },
            truth: { ...holeOf("both"), scope: "host-and-vms", pathMtu: { ipv4: mtu } },
        };
    },
    "small-bridge": dice => ({
        internet: { paths: paths(dice) },
        gateway: { bridgeMtu: dice.number(1300, 1490) },
        truth: { cause: "mtu-mismatch", scope: "vm-subnet" },
    }),
    "large-node": dice => {
        const node = dice.one(["cp1", "worker1"]);
        return {
            internet: { paths: paths(dice) },
            nodes: { workers: 2, overrides: { [node]: { mtu: dice.one([1600, 4000, 9000]) } } },
            truth: { cause: "mtu-mismatch", scope: "node" },
        };
    },
    "large-nodes": dice => ({
        internet: { paths: paths(dice) },
        nodes: { mtu: dice.one([1550, 9000]) },
        truth: { cause: "mtu-mismatch", scope: "vm-subnet" },
    }),
    "packet-loss": dice => ({
        internet: { paths: paths(dice, () => ({ lossPercent: dice.number(10, 150) / 10 })) },
        truth: { cause: "packet-loss", scope: "host-and-vms" },
    }),
    "packet-loss-on-one-path": dice => ({
        internet: { paths: [{ delayMs: delay(dice) }, { delayMs: delay(dice), lossPercent: dice.number(3, 20) }] },
        truth: { cause: "packet-loss", scope: "host-and-vms" },
    }),
    "packet-loss-of-one-family": dice => ({
        internet: {
            paths: [{ delayMs: delay(dice), lossPercent: dice.number(4, 12), family: dice.one(["ipv4", "ipv6"]) }],
        },
        truth: { cause: "packet-loss", scope: "host-and-vms" },
    }),
    "resolver-drops": dice => ({
        internet: { paths: paths(dice), dns: { failPercent: dice.one([dice.number(8, 40), dice.number(41, 100)]) } },
        truth: { cause: "dns", scope: "host-and-vms" },
    }),
    "resolver-slow": dice => ({
        internet: { paths: paths(dice), dns: { delayMs: dice.number(3500, 6000) } },
        truth: { cause: "dns", scope: "host-and-vms" },
    }),
    "few-ports": dice => ({
        internet: { paths: paths(dice) },
        gateway: { natPorts: dice.number(4, 64) },
        truth: { cause: "nat-exhaustion", scope: "vm-subnet" },
    }),
    firewall: dice => ({
        internet: { paths: paths(dice) },
        gateway: { blockFromVms: dice.some([...ENDPOINTS, ...BEHIND], dice.number(1, 3)) },
        truth: { cause: "firewall-block", scope: "vm-subnet" },
    }),
    "firewall-network": dice => ({
        internet: { paths: paths(dice) },
        gateway: {
            blockFromVms: [
                dice.one([
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "192.0.2.0/24",
                    "2001:db8:1::/48",
                    "2001:db8:1:113::/64",
                ]),
            ],
        },
        truth: { cause: "firewall-block", scope: "vm-subnet" },
    }),
    "firewall-resolver": dice => ({
        internet: { paths: paths(dice) },
        gateway: { blockFromVms: [DNS_SERVER.ipv4, DNS_SERVER.ipv6] },
        truth: { cause: "firewall-block", scope: "vm-subnet" },
    }),
    "rate-limit": dice => ({
        internet: {
            paths: paths(dice),
            endpoints: faults(dice, ENDPOINTS, { status: 429, failPercent: percent(dice) }),
        },
        truth: { cause: "rate-limit", scope: "endpoint" },
    }),
    errors: dice => {
        const status = dice.one([403, 500, 502, 503, 504]);
        return {
            internet: {
                paths: paths(dice),
                endpoints: faults(dice, ENDPOINTS, { status, failPercent: percent(dice) }),
            },
            truth: { cause: "upstream", scope: "endpoint" },
        };
    },
    down: dice => ({
        internet: {
            paths: paths(dice),
            endpoints: faults(dice, [...ENDPOINTS, ...BEHIND], { unreachable: dice.one(["drop", "reset"]) }),
        },
        truth: { cause: "upstream", scope: "endpoint" },
    }),
    stalls: dice => ({
        internet: { paths: paths(dice), endpoints: { [dice.one(ENDPOINTS)]: { delayMs: dice.number(7000, 20_000) } } },
        truth: { cause: "upstream", scope: "endpoint" },
    }),
    certificates: dice => ({
        internet: {
            paths: paths(dice),
            endpoints: faults(dice, [...ENDPOINTS, ...BEHIND], { tls: dice.one(["expired", "unknown-ca"]) }),
        },
        truth: { cause: "tls-trust", scope: "endpoint" },
    }),
};

/** The kinds of networks that `invent` draws from. */
export const INVENTED_KINDS = Object.keys(KINDS);

/** Networks drawn from a seed, with the verdicts they deserve: every kind once before any comes again. */
export function invent(count: number, seed: number): Scenario[] {
    const order = diceOf(`${seed}/order`).some(INVENTED_KINDS, INVENTED_KINDS.length);
    return Array.from({ length: count }, (_, index) => {
        const kind = order[index % order.length]!;
        const dice = diceOf(`${seed}/${index}`);
        const { truth, ...network } = KINDS[kind]!(dice);
        return parseScenario({
            ...network,
            name: `invented-${seed}-${index}-${kind}`,
            seed: dice.number(1, 1_000_000),
            internet: { ...network.internet, addressSeed: dice.number(1, 1_000_000) },
            expect: { before: truth },
        });
    });
}

function diceOf(seed: string): Dice {
    const draw = draws(seed);
    const number = (low: number, high: number) => low + Math.floor(draw() * (high - low + 1));
    return {
        number,
        one: of => of[number(0, of.length - 1)]!,
        chance: share => draw() < share,
        some: (of, count) =>
            of
                .map(value => ({ value, at: draw() }))
                .sort((a, b) => a.at - b.at)
                .slice(0, count)
                .map(({ value }) => value),
    };
}

/** One to three paths that differ in delay, rate and weight, and in what `more` draws for each. */
function paths(dice: Dice, more: () => Path = () => ({})): Path[] {
    const count = dice.one([1, 1, 2, 3]);
    const shared = more();
    return Array.from({ length: count }, () => ({
        weight: dice.number(1, 3),
        delayMs: delay(dice),
        rateMbit: dice.one([100, 200, 1000]),
        ...shared,
    }));
}

function delay(dice: Dice): number {
    return dice.one([dice.number(1, 20), dice.number(1, 20), dice.number(21, 90)]);
}

/** Always, or often enough to be seen in a few dozen requests. */
function percent(dice: Dice): number {
    return dice.one([100, dice.number(20, 90)]);
}

/** The same fault at one host or two. */
function faults<T extends object>(dice: Dice, hosts: readonly string[], fault: T): Record<string, T> {
    return Object.fromEntries(dice.some(hosts, dice.one([1, 1, 2])).map(host => [host, fault]));
}

function holeOf(direction: "both" | "download" | "upload") {
    return { cause: "pmtu-black-hole" as const, direction, icmpFilteredAt: "beyond" as const };
}
