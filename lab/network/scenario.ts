import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { Verdict } from "../../network/verdict/verdict.ts";
import { INTERNET_HOSTS, MOST_WORKERS, nodeNames } from "./topology.ts";

const percent = z.number().min(0).max(100);
const milliseconds = z.number().min(0).max(60_000);
const linkMtu = z.int().min(576).max(65_535);

const ipTarget = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const isTarget = (value: string) => Object.hasOwn(INTERNET_HOSTS, value) || ipTarget.safeParse(value).success;

/** One path between the provider's router and the internet; flows are spread over all paths by a hash of their ports. */
const Path = z.strictObject({
    weight: z.int().min(1).max(256).default(1).describe("Share of the flows, relative to the other paths."),
    mtu: z
        .int()
        .min(576)
        .max(1500)
        .default(1500)
        .describe("Largest packet that crosses, in bytes. Below 1280 IPv6 cannot work (RFC 8200, section 5)."),
    mtuAppliesTo: z
        .enum(["both", "download", "upload"])
        .default("both")
        .describe("Direction in which `mtu` holds; the other carries 1500 bytes."),
    icmpFragNeeded: z
        .enum(["pass", "drop"])
        .default("pass")
        .describe("Whether a packet that is too big is answered (frag-needed, packet too big) or vanishes."),
    family: z
        .enum(["both", "ipv4", "ipv6"])
        .default("both")
        .describe("IP version that `mtu` and `lossPercent` hold for; the other crosses whole."),
    delayMs: milliseconds.default(5).describe("Delay of every packet, in each direction."),
    lossPercent: percent.default(0).describe("Share of packets lost in each direction, drawn from the seed."),
    rateMbit: z.number().positive().max(1000).default(200).describe("Capacity of each direction in Mbit/s."),
    queueMs: milliseconds.default(100).describe("Longest time a packet waits for capacity before it is dropped."),
});

/** What is wrong with one host of the internet. */
const EndpointFault = z
    .strictObject({
        status: z.int().min(200).max(599).optional().describe("HTTP status of failed requests; 503 when left out."),
        failPercent: percent
            .optional()
            .describe("Share of requests that fail. Left out: 100 when `status` is an error, otherwise 0."),
        delayMs: milliseconds.default(0).describe("Time the host thinks before it answers a request."),
        tls: z.enum(["valid", "expired", "unknown-ca"]).default("valid").describe("Certificate the host shows."),
        unreachable: z
            .enum(["no", "drop", "reset"])
            .default("no")
            .describe("Whether connections are answered, vanish, or are refused with a TCP reset."),
        mtu: z
            .int()
            .min(576)
            .max(1500)
            .nullable()
            .default(null)
            .describe("Largest packet, in bytes, to and from this host alone: larger ones vanish without an answer."),
    })
    .transform(({ status, failPercent, ...rest }) => ({
        status: status ?? 503,
        failPercent: failPercent ?? (status !== undefined && status >= 400 ? 100 : 0),
        ...rest,
    }));

const Internet = z.strictObject({
    paths: z.array(Path).min(1).max(8).prefault([{}]).describe("Paths to the internet; several are ECMP."),
    endpoints: z
        .record(z.string(), EndpointFault)
        .default({})
        .describe("Faults by host name. A host that is not named has no fault."),
    dns: z
        .strictObject({
            failPercent: percent.default(0).describe("Share of queries that get no answer."),
            delayMs: milliseconds.default(0).describe("Time the server thinks before it answers."),
        })
        .prefault({})
        .describe("The DNS server all hosts use."),
    addressSeed: z
        .int()
        .min(0)
        .default(0)
        .describe("Draws other addresses for the hosts of the internet; 0 leaves them those of the lab's map."),
    tcpMtuProbing: z
        .boolean()
        .default(false)
        .describe("Whether servers find their way out of a black hole by themselves (sysctl tcp_mtu_probing=1)."),
});

const Gateway = z.strictObject({
    icmpFragNeeded: z
        .enum(["pass", "drop"])
        .default("pass")
        .describe(
            "`drop` puts a foreign rule at the gateway's forward hook that drops frag-needed and packet too big.",
        ),
    natPorts: z
        .int()
        .min(0)
        .max(45_000)
        .default(0)
        .describe("Source ports the VMs' connections are masqueraded to; 0 stands for all."),
    bridgeMtu: linkMtu.default(1500).describe("MTU of the VMs' bridge, vmbr1."),
    blockFromVms: z
        .array(z.string().refine(isTarget, "name a host of the lab, an address or a network such as 192.0.2.0/24"))
        .default([])
        .describe("Host names of the internet, or addresses and networks, that the gateway drops traffic to from VMs."),
});

const nodeRouteMtu = linkMtu.nullable().describe("MTU on the node's default routes; null sets none.");

const learntMtu = linkMtu
    .nullable()
    .describe("Path MTU towards every host of the internet that the node's kernel has learnt; null for none.");

const Nodes = z.strictObject({
    workers: z.int().min(0).max(MOST_WORKERS).default(1).describe("Number of workers beside cp1."),
    mtu: linkMtu.default(1500).describe("MTU of every node's link."),
    routeMtu: nodeRouteMtu.default(null),
    learntMtu: learntMtu.default(null),
    pods: z
        .strictObject({
            mtu: linkMtu.default(1450).describe("MTU of the pods' links and bridge; Flannel leaves room for VXLAN."),
            masquerade: z.boolean().default(true).describe("Whether pods leave with their node's address."),
        })
        .nullable()
        .default(null)
        .describe("A pod on every node: a network namespace behind a bridge, probed from as well. Null for none."),
    overrides: z
        .record(
            z.string(),
            z.strictObject({
                mtu: linkMtu.optional().describe("MTU of this node."),
                routeMtu: nodeRouteMtu.optional(),
                learntMtu: learntMtu.optional(),
            }),
        )
        .default({})
        .describe("Values of single nodes, by name."),
});

const perFamily = z.strictObject({ ipv4: z.int().nullable().optional(), ipv6: z.int().nullable().optional() });

/** The part of a verdict that must hold; what is left out is not compared. */
const ExpectedVerdict = z.strictObject({
    ...Verdict.pick({ cause: true, direction: true, scope: true, icmpFilteredAt: true, stability: true }).partial()
        .shape,
    pathMtu: perFamily.optional(),
});

/** What `lab run` compares with its results: objects by the keys given, everything else by equality. */
const Expect = z.strictObject({
    before: ExpectedVerdict.optional().describe("Verdict of the lab as the scenario leaves it."),
    up: z
        .strictObject({
            changes: z.int().min(0).optional(),
            violations: z.array(z.string()).optional().describe("Names of the policies that fail, in any order."),
            mss: perFamily.optional(),
            mtu: z.int().nullable().optional(),
            mirror: z.boolean().optional(),
        })
        .optional(),
    after: ExpectedVerdict.optional().describe("Verdict once the stack is up."),
    second: z.strictObject({ changes: z.int().min(0).optional() }).optional(),
    drift: z.strictObject({ repaired: z.array(z.string()).optional() }).optional(),
    destroy: z.strictObject({ restored: z.boolean().optional() }).optional(),
});

/** A network to rehearse in. Every field has a default, and the defaults make a healthy network. */
export const Scenario = z
    .strictObject({
        name: z.string().min(1).default("healthy").describe("Name in reports; a file's own name when left out."),
        description: z.string().default("").describe("What is wrong and who suffers, for the reader."),
        seed: z.int().min(0).default(1).describe("Start of every random draw: losses and failed requests repeat."),
        internet: Internet.prefault({}),
        gateway: Gateway.prefault({}),
        nodes: Nodes.prefault({}),
        stack: z.record(z.string(), z.unknown()).default({}).describe("Values laid over the program's configuration."),
        expect: Expect.default({}),
    })
    .superRefine((scenario, context) => {
        const hosts = Object.keys(INTERNET_HOSTS);
        for (const host of Object.keys(scenario.internet.endpoints)) {
            if (hosts.includes(host)) continue;
            context.addIssue({
                code: "custom",
                path: ["internet", "endpoints", host],
                message: `no host of the lab has this name; choose one of ${hosts.join(", ")}`,
            });
        }
        const nodes = nodeNames(scenario.nodes.workers);
        for (const node of Object.keys(scenario.nodes.overrides)) {
            if (nodes.includes(node)) continue;
            context.addIssue({
                code: "custom",
                path: ["nodes", "overrides", node],
                message: `the scenario has no such node; choose one of ${nodes.join(", ")} or raise nodes.workers`,
            });
        }
    });
export type Scenario = z.output<typeof Scenario>;
/** A scenario as it is written in a file, before defaults are filled in. */
export type ScenarioInput = z.input<typeof Scenario>;

export type Path = z.output<typeof Path>;
export type EndpointFault = z.output<typeof EndpointFault>;
export type Expect = z.output<typeof Expect>;

/** A scenario with every default filled in. `source` names it in errors, which list each wrong value with its path. */
export function parseScenario(value: unknown, source = "scenario"): Scenario {
    const parsed = Scenario.safeParse(value);
    if (parsed.success) return parsed.data;
    const lines = parsed.error.issues.map(issue => `${pathText(issue.path)}: ${issue.message}`);
    throw new Error(`${source} is not a scenario. ${lines.join(". ")}. Correct the file.`);
}

/** Reads a scenario file. Its name stands in for a missing `name`. Throws one error that lists every wrong value. */
export function loadScenario(file: string): Scenario {
    const value = parseJson(readScenarioFile(file), file);
    const named = typeof value === "object" && value !== null && !Array.isArray(value) && !("name" in value);
    return parseScenario(named ? { ...value, name: basename(file, ".json") } : value, file);
}

function readScenarioFile(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : String(cause);
        throw new Error(`${file} cannot be read: ${reason}. Name a scenario file, such as lab/scenarios/healthy.json.`);
    }
}

function parseJson(text: string, file: string): unknown {
    try {
        return JSON.parse(text);
    } catch (cause) {
        throw new Error(`${file} is not JSON: ${(cause as Error).message}. Correct the file.`);
    }
}

/** A path as it is written in code: `internet.paths[0].mtu`, `internet.endpoints["ghcr.io"].status`. */
function pathText(path: readonly PropertyKey[]): string {
    if (path.length === 0) return "the whole file";
    return path
        .map((key, index) => {
            if (typeof key === "number") return `[${key}]`;
            const name = String(key);
            if (!/^[A-Za-z_]\w*$/.test(name)) return `["${name}"]`;
            return index === 0 ? name : `.${name}`;
        })
        .join("");
}
