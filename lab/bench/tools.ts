import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { IpFamily } from "../../network/family.ts";
import { AgentMessage, agentTask } from "../../network/probe/messages.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type { PathMtuResult } from "../../network/probe/report.ts";
import { AGENT_COMMAND, agentInput } from "../../provider/probe/program.ts";
import { command } from "../network/command.ts";
import { type BenchPath, type Direction, LINK_MTU, SERVER_ADDRESSES } from "./benchPath.ts";

/** What a tool said about a path. */
export interface Found {
    /** Path MTU in bytes; null in a direction that the tool does not measure, or did not find. */
    mtu: Record<Direction, number | null>;
    /** Oversize packets sent or asked for, where the tool counts them itself. */
    probes?: Record<Direction, number>;
    /** Seconds of the search alone, where the tool tells them. */
    searchSeconds?: number;
}

/** A tool that finds path MTUs, run at the client's end. */
export interface Tool {
    name: string;
    /** Debian package and program, where it is not our own. */
    needs?: { package: string; program: string };
    measures: readonly Direction[];
    measure(path: BenchPath, family: IpFamily): Promise<Found>;
}

const LONGEST_RUN_MS = 60_000;
/** IP and ICMP headers in front of ping's data. */
const PING_HEADERS: Record<IpFamily, number> = { ipv4: 28, ipv6: 48 };
const SMALLEST: Record<IpFamily, number> = { ipv4: 576, ipv6: 1280 };

/** The agent as it is sent to hosts, walking one flow in each direction at once. */
export const clearpath: Tool = {
    name: "clearpath",
    measures: ["upload", "download"],
    async measure(path, family) {
        const { result, searchSeconds } = await agentPathMtu(path, [family], 1);
        const { upload, download } = result[family] ?? { upload: null, download: null };
        return {
            mtu: { upload: upload?.bytes ?? null, download: download?.bytes ?? null },
            probes: { upload: upload?.probes ?? 0, download: download?.probes ?? 0 },
            searchSeconds,
        };
    },
};

/** Runs the agent until it has told the path MTU. */
export async function agentPathMtu(
    path: BenchPath,
    families: IpFamily[],
    pathMtuFlows: number,
): Promise<{ result: PathMtuResult; searchSeconds: number }> {
    const endpoints = families.map(family => ({ host: SERVER_ADDRESSES[family] }));
    const plan = ProbePlan.parse({ endpoints, families, pathMtuFlows });
    const [program, ...args] = path.atClient(["/bin/sh", "-c", AGENT_COMMAND]);
    const agent = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    agent.stdin.end(agentInput(agentTask(plan, false)));
    let searchesSince = performance.now();
    try {
        for await (const line of createInterface({ input: agent.stdout })) {
            const message = AgentMessage.parse(JSON.parse(line));
            if (message.kind === "facts") searchesSince = performance.now();
            if (message.kind === "failed") throw new Error(message.message);
            if (message.kind === "pathMtu") {
                return { result: message.pathMtu, searchSeconds: (performance.now() - searchesSince) / 1000 };
            }
        }
        throw new Error("The agent ended without a path MTU.");
    } finally {
        agent.kill();
    }
}

/** https://www.caida.org/catalog/software/scamper, by UDP with Paris checksums as in its manual's example. */
const scamper: Tool = {
    name: "scamper",
    needs: { package: "scamper", program: "scamper" },
    measures: ["upload"],
    async measure(path, family) {
        // Its default is to wait for 5 s after each packet; then it takes a minute.
        const trace = `trace -w 1 -P udp-paris -M ${SERVER_ADDRESSES[family]}`;
        const { stdout } = await run(path, ["scamper", "-I", trace]);
        return { mtu: { upload: lastNumber(stdout, /mtu: (\d+)\]/g), download: null } };
    },
};

const tracepath: Tool = {
    name: "tracepath",
    needs: { package: "iputils-tracepath", program: "tracepath" },
    measures: ["upload"],
    async measure(path, family) {
        // The far end is two hops away; tracepath would go on for thirty where nothing answers.
        const { stdout } = await run(path, ["tracepath", "-n", "-m", "3", SERVER_ADDRESSES[family]]);
        return { mtu: { upload: lastNumber(stdout, /pmtu (\d+)/g), download: null } };
    },
};

/**
 * What people do by hand: halving with one ping a size, a second's wait for each. Its answer is as large as its question,
 * but routers may fragment it on IPv4, so a download hole shows on IPv6 only.
 */
const pingBisection: Tool = {
    name: "ping -M do",
    needs: { package: "iputils-ping", program: "ping" },
    measures: ["upload", "download"],
    async measure(path, family) {
        let [passed, failed] = [SMALLEST[family], LINK_MTU + 1];
        if (!(await echoes(path, family, passed))) return { mtu: { upload: null, download: null } };
        while (failed - passed > 1) {
            const size = failed === LINK_MTU + 1 ? LINK_MTU : Math.floor((passed + failed) / 2);
            if (await echoes(path, family, size)) passed = size;
            else failed = size;
        }
        return { mtu: { upload: passed, download: passed } };
    },
};

async function echoes(path: BenchPath, family: IpFamily, size: number): Promise<boolean> {
    const data = String(size - PING_HEADERS[family]);
    const argv = ["ping", "-n", "-q", "-M", "do", "-c", "1", "-W", "1", "-s", data, SERVER_ADDRESSES[family]] as const;
    return (await run(path, [...argv])).code === 0;
}

function lastNumber(text: string, pattern: RegExp): number | null {
    const found = [...text.matchAll(pattern)].at(-1);
    return found ? Number(found[1]) : null;
}

function run(path: BenchPath, argv: [string, ...string[]]) {
    return command(path.atClient(argv), { timeoutMs: LONGEST_RUN_MS });
}

export const TOOLS: readonly Tool[] = [clearpath, scamper, tracepath, pingBisection];
