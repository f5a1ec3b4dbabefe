// Path MTU search side by side with other tools, over paths with a silent hole.
//   npm run bench -- [--quick] [--seed TEXT] [--only TITLE] [--paths N]
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { IpFamily } from "../../network/family.ts";
import { must } from "../network/command.ts";
import { draws } from "../network/internet/draw.ts";
import { untilStopped } from "../network/untilStopped.ts";
import { BenchPath, DIRECTIONS, type Direction, LINK_MTU } from "./benchPath.ts";
import { countingOversize } from "./oversize.ts";
import { type Measurement, tallyTable } from "./tally.ts";
import { clearpath, TOOLS, type Tool } from "./tools.ts";

const INSTANCE = "benchmtu";
const DELAY_MS = 10;
const JUMBO = 9000;
const HOLES: readonly (readonly Direction[])[] = [DIRECTIONS, ["upload"], ["download"]];

/** Paths drawn alike. */
interface Section {
    title: string;
    tools: readonly Tool[];
    paths: number;
    smallest: number;
    linkMtu: number;
    lossPercent: number;
}

const { values } = parseArgs({
    options: {
        quick: { type: "boolean" },
        seed: { type: "string", default: "1" },
        only: { type: "string", default: "" },
        paths: { type: "string" },
    },
});
const amount = (full: number, quick: number) => Number(values.paths ?? (values.quick ? quick : full));
const usual = { smallest: 1280, linkMtu: LINK_MTU, lossPercent: 0 };
const SECTIONS: readonly Section[] = [
    { title: "no loss, 1280 to 1500", tools: TOOLS, paths: amount(24, 3), ...usual },
    { title: "no loss, 1280 to 1500, clearpath alone", tools: [clearpath], paths: amount(100, 10), ...usual },
    { title: "10 % loss, 1280 to 1500", tools: TOOLS, paths: amount(24, 2), ...usual, lossPercent: 10 },
    { title: "10 % loss, clearpath alone", tools: [clearpath], paths: amount(300, 12), ...usual, lossPercent: 10 },
    {
        title: "no loss, 576 to 9000",
        tools: [clearpath],
        paths: amount(30, 3),
        smallest: 576,
        linkMtu: JUMBO,
        lossPercent: 0,
    },
];

async function measured(section: Section, path: BenchPath, number: number): Promise<Measurement[]> {
    const seed = `${values.seed}/${section.title}/${number}`;
    const draw = draws(seed);
    const family: IpFamily = section.smallest < 1280 || number % 2 === 0 ? "ipv4" : "ipv6";
    const holes = HOLES[number % HOLES.length]!;
    const hole = section.smallest + Math.floor(draw() * (section.linkMtu - section.smallest));
    const mtu = { upload: section.linkMtu, download: section.linkMtu };
    for (const direction of holes) mtu[direction] = hole;

    const measurements: Measurement[] = [];
    for (const tool of section.tools) {
        // Each tool meets the same losses, and a host that remembers nothing.
        await path.set({ mtu, delayMs: DELAY_MS, lossPercent: section.lossPercent, seed });
        const started = performance.now();
        const { value: found, oversize } = await countingOversize(path, section.smallest, async () => {
            const value = await tool.measure(path, family);
            return { ...value, seconds: (performance.now() - started) / 1000 };
        });
        for (const direction of holes.filter(one => tool.measures.includes(one))) {
            measurements.push({
                tool: tool.name,
                direction,
                truth: hole,
                found: found.mtu[direction],
                probes: found.probes?.[direction] ?? oversize[direction],
                onTheWire: oversize[direction],
                seconds: found.seconds,
            });
            if (found.searchSeconds !== undefined) {
                measurements.push({
                    ...measurements.at(-1)!,
                    tool: `${tool.name}, search`,
                    seconds: found.searchSeconds,
                });
            }
            process.stderr.write(`  ${family} ${direction} ${hole}: ${tool.name} says ${found.mtu[direction]}\n`);
        }
    }
    return measurements;
}

async function run(section: Section): Promise<boolean> {
    process.stderr.write(`${section.title}: ${section.paths} paths\n`);
    const path = new BenchPath(INSTANCE, section.linkMtu);
    const measurements: Measurement[] = [];
    const measureAll = async (stopped: AbortSignal) => {
        try {
            await path.up();
            for (let number = 0; number < section.paths && !stopped.aborted; number++) {
                measurements.push(...(await measured(section, path, number)));
            }
        } finally {
            await path.down();
        }
    };
    await untilStopped(measureAll, () => path.down());
    process.stdout.write(`\n${section.title}\n${tallyTable(measurements)}\n`);
    return measurements.every(({ tool, found, truth }) => !tool.startsWith(clearpath.name) || (found ?? 0) <= truth);
}

async function installMissing(): Promise<void> {
    const missing = TOOLS.flatMap(({ needs }) =>
        needs && !existsSync(`/usr/bin/${needs.program}`) ? [needs.package] : [],
    );
    if (missing.length === 0) return;
    const argv = ["apt-get", "install", "-qy", "--no-install-recommends", ...missing] as const;
    await must(`install ${missing.join(", ")}`, argv, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
}

await installMissing();
process.stdout.write(
    `Round trips of ${2 * DELAY_MS} ms, seed ${values.seed}. Packets larger than the path MTU vanish without an answer.\n`,
);
let neverTooLarge = true;
const chosen = SECTIONS.filter(({ title }) => title.includes(values.only));
for (const section of chosen) neverTooLarge = (await run(section)) && neverTooLarge;
process.exitCode = neverTooLarge ? 0 : 1;
