import { PolicyPack } from "../policy/policyPack.ts";
import { complaintAbout, type Program, startProgram } from "../process/program.ts";
import { serveEngine } from "../protocol/engineService.ts";
import type { Listener } from "../protocol/events.ts";
import { messageOf } from "../protocol/rpc.ts";
import { type PropertyMap, shownMap, withoutSecrets } from "../protocol/values.ts";
import type { OpenStack } from "../stack/openStack.ts";
import type { ResourceState } from "../state/resource.ts";
import { Snapshot } from "../state/snapshot.ts";
import { stateWriter } from "../state/stateWriter.ts";
import { Deployment } from "./deployment.ts";
import { Monitor } from "./monitor.ts";
import { judgeStack } from "./policies.ts";
import { ProviderRegistry } from "./providers.ts";
import { refresh } from "./refresh.ts";
import { Reported, Reporter, type Run } from "./run.ts";
import { type IdOfCreation, withUnfinished } from "./unfinished.ts";

/** A program that was told of the stop gets this long to end by itself, in milliseconds. */
const PROGRAM_GRACE_MS = 3_000;

export interface PassSettings {
    stack: OpenStack;
    work: "program" | "destroy" | "refresh";
    /** Read the hosts before anything else. */
    refresh: boolean;
    preview: boolean;
    /** Forget creations that an earlier run never finished. */
    clearPendingCreates: boolean;
    /** Which unfinished creations are dealt with, unless a program creates them again. */
    idOfCreation: IdOfCreation;
    targets: ReadonlySet<string>;
    parallel: number;
    policyPacks: { directory: string; configFile: string | undefined }[];
    env: NodeJS.ProcessEnv;
    signal: AbortSignal | undefined;
    /** Hears everything but what the refresh before a program does. */
    listen: Listener;
    /** Hears what the refresh before a program does. */
    listenRefresh: Listener;
}

/** The state as the pass starts with it: which creations that an earlier run never finished are dealt with, and which not. */
function storedAsWorked(settings: PassSettings) {
    const { stack, work, clearPendingCreates } = settings;
    const { resources, pendingOperations } = stack.stored;
    const stored = { resources, pending: clearPendingCreates ? [] : pendingOperations };
    return work === "program" ? stored : withUnfinished(stored, resource => idOfUnfinished(settings, resource));
}

function idOfUnfinished({ idOfCreation }: PassSettings, { type, inputs }: ResourceState): string | undefined {
    return idOfCreation({ type, inputs: withoutSecrets(inputs) as PropertyMap });
}

/** One pass over a stack, from starting its processes to ending them. */
class Pass {
    readonly #settings: PassSettings;
    readonly #report: Reporter;
    readonly #run: Run;
    readonly #deployment: Deployment;
    readonly #engineAddress: string;
    #program: Program | undefined;
    #startedPolicies: Promise<PolicyPack>[] = [];
    #deleted = false;

    constructor(settings: PassSettings, report: Reporter, engineAddress: string) {
        const { stack, preview, targets, parallel, env } = settings;
        // A pass marks resources as replaced or deleted; the next one starts from the state again.
        const { resources, pending } = storedAsWorked(settings);
        const snapshot = new Snapshot(
            resources.map(resource => ({ ...resource })),
            pending,
        );
        this.#settings = settings;
        this.#report = report;
        this.#engineAddress = engineAddress;
        this.#run = {
            stack: stack.place.stack,
            project: stack.project.name,
            preview,
            targets,
            parallel,
            snapshot,
            made: new Map(),
            goals: new Map(),
            providers: new ProviderRegistry({ project: stack.project, engineAddress, env, preview }),
            policies: [],
            write: preview || !stack.crypter ? async () => {} : stateWriter(stack.place, snapshot, stack.crypter),
            report,
        };
        this.#deployment = new Deployment(this.#run);
    }

    /** Does the pass's work. Failures are told through the reporter. Returns the stack's outputs, secrets hidden. */
    async work(): Promise<Record<string, unknown>> {
        const cancel = () => this.#cancel();
        this.#settings.signal?.addEventListener("abort", cancel, { once: true });
        if (this.#settings.signal?.aborted) this.#cancel();
        this.#tellPendingOperations();
        for (const packageName of this.#settings.stack.project.pluginDirectories.keys()) {
            this.#run.providers.startAhead(packageName);
        }
        try {
            if (this.#settings.work === "program") await this.#runProgram();
            else await this.#runWithoutProgram();
        } catch (error) {
            this.#report.error(error, messageOf(error));
        } finally {
            this.#settings.signal?.removeEventListener("abort", cancel);
        }
        await this.#deployment.settle();
        const outputs = this.#deployment.finishOutputs(!this.#report.failed);
        if (!this.#report.failed && this.#settings.work === "program") await judgeStack(this.#run);
        await this.#run.write();
        return shownMap(outputs);
    }

    /** Ends every process of the pass, also those that are still starting. */
    async end(): Promise<void> {
        const stopPolicies = async (starting: Promise<PolicyPack>) => {
            const pack = await starting.catch(() => undefined); // Whoever waited for it has told why.
            await pack?.stop();
        };
        await Promise.all([
            this.#program?.stop(),
            this.#run.providers.stop(),
            ...this.#startedPolicies.map(stopPolicies),
        ]);
    }

    #tellPendingOperations(): void {
        const { preview, refresh, clearPendingCreates } = this.#settings;
        if (preview || refresh || clearPendingCreates) return;
        for (const { resource, type } of storedAsWorked(this.#settings).pending) {
            const advice =
                type === "creating" && idOfUnfinished(this.#settings, resource) !== undefined
                    ? "An up creates it again if the program still has it; a destroy removes the parts of it that are on the host."
                    : "Look on the host whether that was done, then run refresh; with --clear-pending-creates, refresh removes unfinished creations from the state.";
            const message = `An earlier run was interrupted while ${type} it. ${advice}`;
            this.#report.tell("warning", message, resource.urn);
        }
    }

    #cancel(): void {
        this.#report.tell(
            "error",
            "The run was cancelled. Running steps were finished or undone, and the state holds what was done.",
        );
        this.#deployment.stop(new Reported("cancelled"));
        void this.#run.providers.cancel();
        void this.#program?.stop();
    }

    async #startPolicies(): Promise<void> {
        const { stack, policyPacks, preview, env } = this.#settings;
        this.#startedPolicies = policyPacks.map(({ directory, configFile }) =>
            PolicyPack.start({
                directory,
                configFile,
                engineAddress: this.#engineAddress,
                project: stack.project.name,
                stack: stack.place.stack,
                preview,
                env,
                config: stack.config,
            }),
        );
        this.#run.policies = await Promise.all(this.#startedPolicies);
    }

    async #refresh(): Promise<void> {
        if (!this.#settings.refresh) return;
        const report = new Reporter(this.#settings.listenRefresh);
        await refresh({ ...this.#run, report }, () => this.#deployment.stopped);
        if (report.failed) throw new Reported("the refresh failed");
    }

    async #runWithoutProgram(): Promise<void> {
        await this.#refresh();
        if (this.#settings.work === "destroy") await this.#deployment.deleteLeftovers();
    }

    /** Starts policies, refresh and program side by side; registrations wait until the other two are done. */
    async #runProgram(): Promise<void> {
        const { stack, preview, parallel, env } = this.#settings;
        const ready = Promise.all([this.#startPolicies(), this.#refresh()]);
        ready.catch(error => this.#deployment.stop(this.#report.error(error, messageOf(error))));
        const monitor = new Monitor(this.#run, this.#deployment, stack.config, ready, () => this.#deleteLeftovers());
        const service = await monitor.serve();
        try {
            this.#program = await startProgram({
                project: stack.project,
                stack: stack.place.stack,
                config: stack.config,
                preview,
                parallel,
                monitorAddress: service.address,
                engineAddress: this.#engineAddress,
                env,
                onLine: (line, stream) => this.#report.tell(stream === "stderr" ? "warning" : "info", line),
            });
            if (this.#deployment.stopped) void this.#program.stop();
            await this.#programEnded(this.#program);
            await ready;
        } finally {
            service.close();
        }
    }

    async #programEnded(program: Program): Promise<void> {
        let timer: NodeJS.Timeout | undefined;
        this.#deployment.onStop(() => {
            timer = setTimeout(() => void program.stop(), PROGRAM_GRACE_MS);
        });
        const exit = await program.exit;
        clearTimeout(timer);
        await this.#deployment.settle();
        if (this.#deployment.stopped) throw new Reported("the run stopped");
        const complaint = complaintAbout(exit);
        if (complaint !== undefined) this.#report.tell("error", complaint);
        if (exit.code !== 0) throw new Reported("the program failed");
        await this.#deleteLeftovers();
    }

    /** Deletes once, when the program waits for it or has succeeded. A failure is told and makes the run fail. */
    async #deleteLeftovers(): Promise<void> {
        if (this.#deleted || this.#report.failed) return;
        this.#deleted = true;
        await this.#deployment.deleteLeftovers().catch(error => {
            this.#report.error(error, messageOf(error));
        });
    }
}

/** Runs one pass. `failed` says whether anything went wrong; what it was went to the listeners. */
export async function runPass(settings: PassSettings): Promise<{ failed: boolean; outputs: Record<string, unknown> }> {
    const report = new Reporter(settings.listen);
    const engine = await serveEngine((severity, message, urn) => report.tell(severity, message, urn));
    const pass = new Pass(settings, report, engine.address);
    try {
        const outputs = await pass.work();
        return { failed: report.failed, outputs };
    } finally {
        await pass.end();
        engine.close();
    }
}
