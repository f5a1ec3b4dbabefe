import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { withoutSecrets } from "../../network/evidence/withoutSecrets.ts";
import { MssSearch } from "../../network/mssSearch.ts";
import { VERIFIED_KEYS_VARIABLE } from "../../provider/host/hostKey.ts";
import type { DeployResult } from "../deploy/deploy.ts";
import { Display } from "../deploy/display.ts";
import { searchingUp } from "../deploy/searchingUp.ts";
import { writeWhole } from "../evidence/file.ts";
import { type StageContext, type StageResult, VERIFIED_KEYS } from "./stage.ts";
import type { Applied, Kept, Retry } from "./state.ts";

/** Policies that judge the probes after everything is applied. The next probe judges the same, and decides. */
const JUDGE_PROBES: ReadonlySet<string> = new Set(["no-tls-timeouts", "pulls-succeed", "api-reachable"]);

type Applying = Required<Pick<StageResult, "outcome" | "summary" | "notes" | "kept" | "applied" | "retries">>;

/** How a stage brings the stack up: whether it reads the hosts first, and whether a cache may be added in the same go. */
interface How {
    refresh: boolean;
    addCache: boolean;
}

/** Brings the stack up, and keeps what was shown and what came of it. */
export async function applyStack(context: StageContext, { refresh, addCache }: How): Promise<Applying> {
    const { stack, cwd, engine, policyPacks, policyPackConfig, signal } = context;
    const shown: string[] = [];
    const display = new Display(text => {
        shown.push(text);
        context.say(text.trimEnd());
    });
    const steps = context.fileName("up");
    const began = new Date().toISOString();
    const result = await searchingUp({
        operation: "up",
        refresh,
        addCache,
        stack,
        cwd,
        engine,
        policyPacks,
        policyPackConfig,
        signal,
        env: { ...process.env, [VERIFIED_KEYS_VARIABLE]: join(context.directory, VERIFIED_KEYS) },
        onEvent: display.event,
        evidence: join(context.directory, steps),
        say: context.say,
    });
    display.summary(result, "up");

    const [log, json] = [context.fileName("log"), context.fileName("json")];
    await writeWhole(join(context.directory, log), withoutSecrets(stripVTControlCharacters(shown.join(""))));
    await writeWhole(join(context.directory, json), `${JSON.stringify(withoutSecrets(result), null, 2)}\n`);
    const failures = failuresOf(result);
    const changes = `${result.changes} ${result.changes === 1 ? "change" : "changes"} by the ${result.engine} engine`;
    const done = result.ok || failures.length === 0;
    return {
        outcome: done ? "done" : "failed",
        summary: done ? `${changes}.` : `up failed after ${changes}.`,
        notes: result.ok ? [] : failures.length > 0 ? failures : leftToProbe(result),
        kept: [
            { title: "what up showed", file: log },
            { title: "what up did", file: json },
            ...(await evidenceIn(context.directory, steps)),
        ],
        applied: appliedOf(result),
        retries: retriesOf(result, began),
    };
}

/** Evidence of the probes that ran with `up`, one file for each step of its search for the MSS. */
async function evidenceIn(directory: string, steps: string): Promise<Kept[]> {
    const files = await readdir(join(directory, steps)).catch(() => []);
    return files
        .sort()
        .map((file, index) => ({ title: `probes of up ${index + 1}: evidence`, file: `${steps}/${file}` }));
}

/** Every smaller MSS that was tried is one more try of the same. */
function retriesOf({ outputs }: DeployResult, began: string): Retry[] {
    const steps = MssSearch.safeParse(outputs.mssSearch).data?.steps ?? [];
    const tried = steps.filter(({ provenAt }) => provenAt >= began);
    if (tried.length < 2) return [];
    return [
        { what: "clamping the MSS", count: tried.length - 1, why: tried.map(({ sentence }) => sentence).join(" ") },
    ];
}

function mandatory({ violations }: DeployResult): DeployResult["violations"] {
    return violations.filter(({ level }) => level === "mandatory");
}

/** Why a rebuild cannot continue after this `up`, in words. Empty when only policies about the probes failed. */
function failuresOf(result: DeployResult): string[] {
    const violations = mandatory(result);
    const errors = result.diagnostics.filter(({ severity }) => severity === "error");
    const onlyProbes = violations.length > 0 && violations.every(({ policy }) => JUDGE_PROBES.has(policy));
    if (result.ok || (onlyProbes && errors.every(({ urn }) => !urn))) return [];
    const said = [...violations.map(({ policy, message }) => `${policy}: ${message}`), ...errors.map(whole)];
    return said.length > 0 ? said : ["up failed and gave no reason. Read its log."];
}

function whole({ message }: { message: string }): string {
    return message.trim();
}

function leftToProbe(result: DeployResult): string[] {
    const named = [...new Set(mandatory(result).map(({ policy }) => policy))].join(", ");
    return [
        `Everything was applied, but ${named} rejects what the probes found. The next probe decides whether the rebuild continues.`,
    ];
}

const Outputs = z.object({
    mss: z.object({ ipv4: z.int().nullable().catch(null), ipv6: z.int().nullable().catch(null) }).catch({
        ipv4: null,
        ipv6: null,
    }),
    nodeMtu: z.int().nullable().catch(null),
    mirror: z.boolean().catch(false),
    mirrorDecision: z.object({ why: z.string() }).nullable().catch(null),
});

function appliedOf({ changes, violations, outputs }: DeployResult): Applied {
    const { mirrorDecision, ...settled } = Outputs.parse(outputs);
    return {
        changes,
        violations: violations.map(({ policy, level, message }) => ({ policy, level, message })),
        ...settled,
        mirrorWhy: mirrorDecision?.why ?? null,
    };
}
