import { isIP } from "node:net";
import { draws } from "../network/internet/draw.ts";
import { parseScenario, type Scenario } from "../network/scenario.ts";

/** Draws without an answer in them: a whole number of both ends' range, or one between a share less and a share more. */
interface Dice {
    between(low: number, high: number): number;
    around(value: number): number;
}

/** Delays up to this are drawn freely; a longer one belongs to what the scenario is about. */
const USUAL_DELAY_MS = 20;
/** Loss that every network has, in thousandths of a percent: too little for a fault. */
const MOST_STRAY = 90;
/** How far a rate or a long delay moves, as a share of itself. */
const SPREAD = 0.2;
/** Less than all, in percent. */
const MOST = 99;
/** Sizes at which a network begins to behave differently: the smallest of IPv6 (RFC 8200) and Ethernet's. */
const TURNING_SIZES = [576, 1280, 1500];

/**
 * The same trouble in other numbers: path MTUs, delays, loss, rates of failure and the internet's addresses are drawn
 * from the seed. What makes the scenario what it is stays: the order of its sizes, what fails and what does not.
 */
export function vary(scenario: Scenario, seed: string): Scenario {
    const draw = draws(`${seed}/${scenario.name}`);
    const dice: Dice = {
        between: (low, high) => low + Math.floor(draw() * (high - low + 1)),
        around: value => round(value * (1 - SPREAD + draw() * 2 * SPREAD)),
    };
    const { internet, gateway, expect } = scenario;
    const sizes = new Map<number, number>([[1500, 1500]]);
    for (const { mtu } of internet.paths) if (!sizes.has(mtu)) sizes.set(mtu, otherSize(mtu, scenario, dice));
    const expected = (mtu: number | null | undefined) => (mtu ? (sizes.get(mtu) ?? mtu) : mtu);

    return parseScenario({
        ...scenario,
        seed: dice.between(1, 1_000_000),
        internet: {
            ...internet,
            // An address that the scenario names stays that of the host it means.
            addressSeed: gateway.blockFromVms.some(isAddress) ? internet.addressSeed : dice.between(1, 1_000_000),
            paths: internet.paths.map(path => ({
                ...path,
                mtu: sizes.get(path.mtu),
                delayMs: path.delayMs > USUAL_DELAY_MS ? dice.around(path.delayMs) : dice.between(1, USUAL_DELAY_MS),
                lossPercent: path.lossPercent > 0 ? someOf(path.lossPercent, dice) : dice.between(0, MOST_STRAY) / 1000,
            })),
            dns: { failPercent: someOf(internet.dns.failPercent, dice), delayMs: dice.around(internet.dns.delayMs) },
            endpoints: Object.fromEntries(
                Object.entries(internet.endpoints).map(([host, fault]) => [
                    host,
                    {
                        ...fault,
                        failPercent: someOf(fault.failPercent, dice),
                        delayMs: dice.around(fault.delayMs),
                    },
                ]),
            ),
        },
        expect: expect.before?.pathMtu
            ? {
                  ...expect,
                  before: {
                      ...expect.before,
                      pathMtu: {
                          ipv4: expected(expect.before.pathMtu.ipv4),
                          ipv6: expected(expect.before.pathMtu.ipv6),
                      },
                  },
              }
            : expect,
    });
}

/** Another path MTU on the same side of every other size that the network has. */
function otherSize(mtu: number, { nodes, gateway, internet }: Scenario, dice: Dice): number {
    const own = Object.values(nodes.overrides).flatMap(node => [node.mtu, node.routeMtu]);
    const paths = internet.paths.map(path => path.mtu).filter(other => other !== mtu);
    const others = [
        ...TURNING_SIZES,
        nodes.mtu,
        nodes.routeMtu,
        nodes.learntMtu,
        nodes.pods?.mtu,
        gateway.bridgeMtu,
        ...own,
        ...paths,
    ].filter(size => typeof size === "number");
    const low = Math.max(...others.filter(size => size <= mtu));
    const high = Math.min(...others.filter(size => size > mtu)) - 1;
    return dice.between(low, high);
}

/** None stays none, and all stays all. */
function someOf(percent: number, dice: Dice): number {
    return percent === 0 || percent === 100 ? percent : Math.min(MOST, dice.around(percent));
}

/** Whether a target is one address, rather than a host by its name or a whole network. */
function isAddress(target: string): boolean {
    return isIP(target) !== 0;
}

function round(value: number): number {
    return Math.round(value * 1000) / 1000;
}
