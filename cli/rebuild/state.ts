import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Cause } from "../../network/verdict/verdict.ts";
import { writeWhole } from "../evidence/file.ts";
import { CouldNotRun } from "../exit.ts";

/** What marks a file as the state of a rebuild, before its version is looked at. */
const STATE_FORMAT = "clearpath-rebuild";
/** Raised when a state of the version before would be read wrongly. */
const STATE_VERSION = 1;
const STATE_FILE = "state.json";

/** The stages, in their order. */
export const STAGES = [
    "probe-before",
    "network",
    "probe-network",
    "destroy",
    "rebuild",
    "hosts",
    "refresh",
    "probe-rebuilt",
    "mirror",
    "bootstrap",
    "probe-mirror",
    "gates",
] as const;
export type StageName = (typeof STAGES)[number];

/** How a stage, or one attempt at it, ended. `interrupted`: its process was stopped, or died, before its end. */
const Outcome = z.enum(["done", "skipped", "failed", "interrupted"]);
export type Outcome = z.infer<typeof Outcome>;

const Attempt = z.object({
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable().describe("Null while it runs, and of one that nobody saw end."),
    outcome: Outcome.nullable().describe("Null while it runs."),
    summary: z.string().describe("What came of it, in one sentence."),
    notes: z.array(z.string()).describe("What a reader should know beside: a diagnosis, a warning."),
});
export type Attempt = z.infer<typeof Attempt>;

/** A file of the run's directory that shows what a stage did or found. */
const Kept = z.object({ title: z.string(), file: z.string() });
export type Kept = z.infer<typeof Kept>;

/** Something that was tried again without the user asking. */
const Retry = z.object({
    what: z.string(),
    count: z.int().min(1).describe("Tries beyond the first."),
    why: z.string(),
});
export type Retry = z.infer<typeof Retry>;

const bytes = z.int().nullable();

/** What an `up` did, in short. */
const Applied = z.object({
    changes: z.int(),
    violations: z.array(z.object({ policy: z.string(), level: z.string(), message: z.string() })),
    mss: z.object({ ipv4: bytes, ipv6: bytes }),
    nodeMtu: bytes,
    mirror: z.boolean().describe("Whether the nodes pull through a cache."),
    mirrorWhy: z.string().nullable().describe("What decided about it."),
});
export type Applied = z.infer<typeof Applied>;

/** A rebuilt host, as it was before anything was changed on it. */
const NewHost = z.object({
    name: z.string(),
    machineId: z.string(),
    keyFrom: z.string().describe("Where its host key was verified against."),
    linkMtu: bytes.describe("MTU of its link towards the gateway, before `up`."),
    k3s: z.enum(["absent", "stopped", "running"]),
    waitedSeconds: z.number(),
});
export type NewHost = z.infer<typeof NewHost>;

const StageState = z.object({
    name: z.enum(STAGES),
    attempts: z.array(Attempt),
    kept: z.array(Kept),
    retries: z.array(Retry),
    evidence: z.string().nullable().describe("Evidence file of the last probe in this stage."),
    cause: Cause.nullable().describe("What that probe's verdict names."),
    clear: z.boolean().nullable().describe("Whether that probe found the way out clear from every host."),
    applied: Applied.nullable(),
    newHosts: z.array(NewHost),
    gates: z
        .object({ diagnose: z.boolean().nullable(), secrets: z.boolean().nullable() })
        .describe("Whether the gates held; null where they were not tried."),
});
export type StageState = z.infer<typeof StageState>;

/** Everything a run must remember to be continued by another process. It holds no secrets. */
const RebuildState = z.object({
    format: z.literal(STATE_FORMAT),
    version: z.literal(STATE_VERSION),
    stack: z.string(),
    startedAt: z.iso.datetime(),
    plan: z.object({ file: z.string(), digest: z.string() }).describe("The plan as it was last read."),
    notes: z.array(z.string()),
    command: z
        .object({ pid: z.int(), started: z.string(), stage: z.enum(STAGES) })
        .nullable()
        .describe("The user's command that runs now: it goes on when our process dies."),
    stages: z.array(StageState),
});
export type RebuildState = z.infer<typeof RebuildState>;

/** The state of a run in which nothing was done yet. */
export function newState(stack: string, plan: RebuildState["plan"], startedAt: Date): RebuildState {
    return {
        format: STATE_FORMAT,
        version: STATE_VERSION,
        stack,
        startedAt: startedAt.toISOString(),
        plan,
        notes: [],
        command: null,
        stages: STAGES.map(name => ({
            name,
            attempts: [],
            kept: [],
            retries: [],
            evidence: null,
            cause: null,
            clear: null,
            applied: null,
            newHosts: [],
            gates: { diagnose: null, secrets: null },
        })),
    };
}

/** How a stage stands: by its last attempt. */
export function outcomeOf(stage: StageState): Outcome | "pending" | "running" {
    const last = stage.attempts.at(-1);
    return last === undefined ? "pending" : (last.outcome ?? "running");
}

export function isOver(stage: StageState): boolean {
    return ["done", "skipped"].includes(outcomeOf(stage));
}

/** The stage of that name. */
export function stageOf(state: RebuildState, name: StageName): StageState {
    return state.stages.find(stage => stage.name === name)!;
}

/** Writes the state whole, flushed to the disk, or not at all. */
export async function writeState(directory: string, state: RebuildState): Promise<void> {
    await writeWhole(join(directory, STATE_FILE), `${JSON.stringify(RebuildState.parse(state), null, 2)}\n`);
}

/** Reads a run's state. Throws `CouldNotRun` for one that is damaged, of a later version, or something else. */
export async function readState(directory: string): Promise<RebuildState> {
    const file = join(directory, STATE_FILE);
    const refuse = (fault: string, advice: string) => new CouldNotRun(`${file} ${fault}. Nothing was done. ${advice}`);
    const startOver = "Start over without --resume.";
    const text = await readFile(file, "utf8").catch((error: Error) => {
        throw refuse(`cannot be read: ${error.message}`, startOver);
    });
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (error) {
        throw refuse(`is damaged: ${(error as Error).message}`, startOver);
    }
    const { format, version } = (json ?? {}) as { format?: unknown; version?: unknown };
    if (format !== STATE_FORMAT) throw refuse("is no state of a rebuild", startOver);
    if (typeof version === "number" && version > STATE_VERSION)
        throw refuse(
            `has version ${version}, and this clearpath reads version ${STATE_VERSION}`,
            "Go on with the clearpath that began it.",
        );
    const checked = RebuildState.safeParse(json);
    if (!checked.success) {
        const { path, message } = checked.error.issues[0]!;
        throw refuse(`is not valid at ${path.join(".") || "its top"}: ${message}`, startOver);
    }
    const names = checked.data.stages.map(({ name }) => name);
    if (names.join() !== STAGES.join()) throw refuse("has other stages than this clearpath", startOver);
    return checked.data;
}
