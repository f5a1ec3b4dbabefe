import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { Collector, declined, type EngineResult, endedAtPreview } from "../../engine/collector.ts";
import { withUnfinished } from "../../engine/plan/unfinished.ts";
import { type Exit, start } from "../../engine/process/childProcess.ts";
import { PLAIN_ERRORS } from "../../engine/process/program.ts";
import type { EngineEvent, Listener } from "../../engine/protocol/events.ts";
import { projectIdentity } from "../../engine/stack/project.ts";
import { removeStaleLocks } from "../../engine/state/lock.ts";
import { stateFileOf } from "../../engine/state/stateFile.ts";
import { ownStateDirectory, stateDirectory } from "./backend.ts";
import { followLog } from "./eventLog.ts";
import type { DeployOptions, Operation } from "./options.ts";
import { EventReader, type PulumiEvent } from "./pulumiEvents.ts";
import { idOfCreation } from "./unfinished.ts";

type Options = DeployOptions & { env: NodeJS.ProcessEnv };
type PulumiPass = "preview" | "update" | "refresh" | "destroy";

/** Pulumi's command for a pass of an operation. */
function commandOf(pass: PulumiPass, operation: Operation): string[] {
    if (pass === "preview") return operation === "destroy" ? ["destroy", "--preview-only"] : ["preview"];
    return [pass === "update" ? "up" : pass, "--yes", "--skip-preview"];
}

/** The backend a user logged in to, if any. */
async function loggedIn(env: NodeJS.ProcessEnv): Promise<boolean> {
    const file = join(env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "credentials.json");
    const text = await readFile(file, "utf8").catch(() => "{}");
    return Boolean(JSON.parse(text).current);
}

/** Pulumi's environment: the user's own, and where that says nothing of a backend, our file backend. */
async function environment(options: Options, projectBackend: string | undefined): Promise<NodeJS.ProcessEnv> {
    const { cwd, env, passphrase, stateDir } = options;
    const settled: NodeJS.ProcessEnv = {
        ...env,
        // The program runs on the Node that runs us: an older one on PATH could not read TypeScript.
        PATH: `${dirname(process.execPath)}${delimiter}${env.PATH ?? ""}`,
        NODE_OPTIONS: `${env.NODE_OPTIONS ?? ""} --require="${PLAIN_ERRORS}"`.trimStart(),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // Without it, Pulumi does not offer --event-log.
        PULUMI_DEBUG_COMMANDS: "true",
    };
    if (passphrase !== undefined) settled.PULUMI_CONFIG_PASSPHRASE = passphrase;
    if (stateDir !== undefined) settled.PULUMI_BACKEND_URL = `file://${resolve(stateDir)}`;
    else if (!env.PULUMI_BACKEND_URL && projectBackend === undefined && !(await loggedIn(env))) {
        settled.PULUMI_BACKEND_URL = `file://${ownStateDirectory(cwd)}`;
    }
    return settled;
}

/** Arguments that a pass takes from the options. */
function argumentsOf(pass: PulumiPass, options: Options): string[] {
    const {
        stack,
        refresh,
        targets = [],
        policyPacks,
        policyPackConfig,
        parallel,
        expectNoChanges,
        operation,
    } = options;
    const judged = pass === "preview" || pass === "update";
    return [
        ...commandOf(pass, operation),
        "--stack",
        stack,
        "--non-interactive",
        "--color",
        "never",
        ...(refresh && pass !== "refresh" ? ["--refresh"] : []),
        ...(pass === "refresh" && options.clearPendingCreates ? ["--clear-pending-creates"] : []),
        ...targets.flatMap(target => ["--target", target]),
        ...(judged ? policyPacks.flatMap(directory => ["--policy-pack", resolve(directory)]) : []),
        ...(judged && policyPackConfig
            ? policyPacks.flatMap(() => ["--policy-pack-config", resolve(policyPackConfig)])
            : []),
        ...(parallel === undefined ? [] : ["--parallel", String(parallel)]),
        ...(expectNoChanges && pass !== "destroy" && (pass !== "preview" || operation === "preview")
            ? ["--expect-no-changes"]
            : []),
    ];
}

/** What `pulumi stack export` writes, as far as it is read here. */
interface ExportedDeployment {
    resources?: ExportedResource[] | null;
    pending_operations?: { type: string; resource: ExportedResource }[] | null;
}

interface ExportedResource {
    urn: string;
    type: string;
    custom: boolean;
    id?: string;
    /** Secrets are objects that hold what they are encrypted to. */
    inputs?: Record<string, unknown>;
    delete?: boolean;
    pendingReplacement?: boolean;
}

/** Drives one Pulumi CLI for one stack. */
class PulumiRun {
    readonly #options: Options;
    readonly #executable: string;
    readonly #env: NodeJS.ProcessEnv;

    constructor(options: Options, executable: string, env: NodeJS.ProcessEnv) {
        this.#options = options;
        this.#executable = executable;
        this.#env = env;
    }

    /** Makes the stack where a file backend does not have it yet. */
    async createStack(directory: string, project: string): Promise<void> {
        const { stack, cwd } = this.#options;
        await mkdir(directory, { recursive: true });
        if (existsSync(stateFileOf({ stateDirectory: directory, project, stack }))) return;
        const made = await start(this.#executable, ["stack", "init", stack, "--no-select", "--non-interactive"], {
            cwd,
            env: this.#env,
        });
        if ((await made.exit).code !== 0) throw new Error(`pulumi stack init ${stack} failed: ${made.output()}`);
    }

    /** Has `destroy` delete the parts of creations that an earlier run never finished: Pulumi would forget them. */
    async takeUnfinished(): Promise<void> {
        const directory = await mkdtemp(join(tmpdir(), "clearpath-pulumi-"));
        const file = join(directory, "state.json");
        try {
            await this.#state("export", file);
            const exported = JSON.parse(await readFile(file, "utf8")) as { deployment?: ExportedDeployment };
            const resources = exported.deployment?.resources ?? [];
            const pending = exported.deployment?.pending_operations ?? [];
            const settled = withUnfinished({ resources, pending }, ({ type, inputs = {} }) =>
                idOfCreation({ type, inputs }),
            );
            if (settled.pending.length === pending.length) return;
            const changed = { resources: settled.resources, pending_operations: settled.pending };
            const deployment = { ...exported.deployment, ...changed };
            await writeFile(file, JSON.stringify({ ...exported, deployment }));
            await this.#state("import", file);
        } finally {
            await rm(directory, { recursive: true, force: true });
        }
    }

    /** Writes the stack's state to a file, or takes it from there. Secrets stay encrypted. */
    async #state(verb: "export" | "import", file: string): Promise<void> {
        const { stack, cwd } = this.#options;
        const args = ["stack", verb, "--file", file, "--stack", stack, "--non-interactive"];
        const running = await start(this.#executable, args, { cwd, env: this.#env });
        if ((await running.exit).code === 0) return;
        throw new Error(`pulumi stack ${verb} failed: ${running.output()}`);
    }

    async pass(pass: PulumiPass): Promise<EngineResult> {
        const { onEvent } = this.#options;
        const collector = new Collector();
        const listen: Listener = event => {
            collector.take(event);
            onEvent?.(event);
        };
        onEvent?.({ kind: "pass", pass });
        // The log has secrets in clear among its debug messages, so it is in a directory of its own that is removed after the pass.
        const directory = await mkdtemp(join(tmpdir(), "clearpath-pulumi-"));
        const log = join(directory, "events.jsonl");
        try {
            return await this.#passWithLog(pass, log, collector, listen);
        } finally {
            await rm(directory, { recursive: true, force: true });
        }
    }

    async #passWithLog(pass: PulumiPass, log: string, collector: Collector, listen: Listener): Promise<EngineResult> {
        const reader = new EventReader();
        let finished = false;
        let unreadable = 0;
        const tell = (event: PulumiEvent) => {
            if (event.summaryEvent) finished = true;
            let ours: EngineEvent | undefined;
            try {
                ours = reader.read(event);
            } catch {
                unreadable++;
            }
            if (ours && !(ours.kind === "diagnostic" && ours.severity === "debug")) listen(ours);
        };
        const stopFollowing = followLog(log, tell, () => unreadable++);
        const { exit, output } = await this.#command(pass, log).finally(stopFollowing);
        if (unreadable > 0) listen({ kind: "diagnostic", severity: "warning", message: missingEvents(unreadable) });
        const ok = exit.code === 0;
        if (!ok && !finished) throw new Error(`pulumi ${pass} could not run: ${output}`);
        if (!ok) this.#tellWhy(output, collector, listen);
        return collector.result(ok, reader.outputs);
    }

    /** Runs the CLI's command for a pass to its end. */
    async #command(pass: PulumiPass, log: string): Promise<{ exit: Exit; output: string }> {
        const { cwd, signal } = this.#options;
        const args = [...argumentsOf(pass, this.#options), "--event-log", log];
        const running = await start(this.#executable, args, { cwd, env: this.#env });
        const cancel = () => running.interrupt();
        signal?.addEventListener("abort", cancel, { once: true });
        if (signal?.aborted) cancel();
        const exit = await running.exit;
        signal?.removeEventListener("abort", cancel);
        return { exit, output: running.output() };
    }

    /** Errors that Pulumi only prints, such as unexpected changes, are not among its events. */
    #tellWhy(output: string, collector: Collector, listen: Listener): void {
        if (collector.hasFailure()) return;
        for (const [, message] of output.matchAll(/^error: (.+)$/gm)) {
            listen({ kind: "diagnostic", severity: "error", message: message! });
        }
    }
}

function missingEvents(lines: number): string {
    const what = lines === 1 ? "1 line" : `${lines} lines`;
    return `${what} of the Pulumi CLI's event log could not be read, so steps or messages may be missing here. The CLI itself went on. Compare with \`pulumi stack\`.`;
}

/** Runs an operation with the Pulumi CLI, and gives the result that the embedded engine would give. */
export async function deployWithPulumi(options: Options, executable: string): Promise<EngineResult> {
    const { operation, confirm, cwd, signal, skipPreview } = options;
    const project = await projectIdentity(cwd);
    const env = await environment(options, project.backendUrl);
    const run = new PulumiRun(options, executable, env);
    const backend = env.PULUMI_BACKEND_URL ?? project.backendUrl;
    if (backend?.startsWith("file://")) {
        const directory = stateDirectory({ stateDir: undefined, cwd, env, projectBackend: project.backendUrl });
        await removeStaleLocks({ stateDirectory: directory, project: project.name, stack: options.stack }, message =>
            options.onEvent?.({ kind: "diagnostic", severity: "warning", message }),
        );
        await run.createStack(directory, project.name);
    }
    if (operation === "preview" || operation === "refresh") return run.pass(operation);
    if ((operation === "up" && !skipPreview) || confirm !== undefined) {
        const proposed = await run.pass("preview");
        if (!proposed.ok || signal?.aborted) return endedAtPreview(proposed);
        if (confirm !== undefined && !(await confirm(proposed))) return declined(proposed);
    }
    if (operation === "destroy") await run.takeUnfinished();
    return run.pass(operation === "up" ? "update" : "destroy");
}
