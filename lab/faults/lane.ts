import { setTimeout as delay } from "node:timers/promises";
import { projectIdentity } from "../../engine/stack/project.ts";
import { readState } from "../../engine/state/stateFile.ts";
import type { Lab } from "../network/lab.ts";
import type { LabHost } from "../network/topology.ts";
import { type Breakpoints, placeBreakpoints } from "./breakpoints.ts";
import type { Place, Places, Work } from "./fault.ts";
import { type FaultedRun, type RunEnd, type RunStep, type RunTask, startRun } from "./faultedRun.ts";
import { CONFIRM_SECONDS, type FaultStack, faultStack } from "./faultStack.ts";
import { type HostTraces, tracesDiffer, tracesOf } from "./traces.ts";

/** How long hosts may take to be as they should after a run: a host left to itself takes a change back in as long. */
const SETTLE_MS = (CONFIRM_SECONDS + 10) * 1000;

/** Which `up` or `destroy` each work is. */
const OPERATION = { create: "up", update: "up", destroy: "destroy", abandon: "up" } as const satisfies Record<
    Work,
    string
>;
const GENERATION = { create: 1, update: 2, destroy: 2, abandon: 1 } as const satisfies Record<Work, number>;

/** How a work is begun. */
type How = Pick<RunTask, "stopAt" | "refresh" | "expectNoChanges"> & {
    /** Body of one more table on the first host. */
    cut?: string;
};

/** Two hosts of a lab and a stack on them: the ground on which faults are tried, one after the other. */
export class Lane {
    readonly lab: Lab;
    readonly stack: FaultStack;
    #breakpoints = new Map<LabHost, Breakpoints>();
    /** How the hosts must be after each work. */
    #wanted = new Map<Work, Map<LabHost, HostTraces>>();

    constructor(lab: Lab, name: string, hosts: readonly [LabHost, LabHost]) {
        this.lab = lab;
        this.stack = faultStack(lab, name, hosts);
    }

    /** Goes through the stack's life without a fault, to learn how many places it has and what each work leaves. */
    async learn(): Promise<Record<Work, Places>> {
        const { lab, stack } = this;
        await stack.remove();
        for (const host of stack.hosts) this.#breakpoints.set(host, await placeBreakpoints(lab, host));
        this.#wanted.set("destroy", await this.#traces());
        const counts: Partial<Record<Work, Places>> = {};
        for (const work of ["create", "update", "destroy"] as const) {
            for (const host of stack.hosts) await this.at(host).count(0);
            const run = await this.start(work);
            const end = await run.ended;
            if (!end?.ok) throw new Error(`${stack.name} fails without a fault: ${end?.messages.join("; ")}`);
            const [first, second] = await Promise.all(
                stack.hosts.map(async host => (await this.at(host).commands()).length),
            );
            counts[work] = { engine: run.steps.length, first: first!, second: second! };
            for (const host of stack.hosts) await this.at(host).release();
            if (work !== "destroy") this.#wanted.set(work, await this.#traces());
        }
        counts.abandon = counts.create;
        this.#wanted.set("abandon", this.#wanted.get("create")!);
        const left = await this.differences("destroy");
        if (left.length > 0) throw new Error(`${stack.name} leaves traces without a fault: ${left.join("; ")}`);
        return counts as Record<Work, Places>;
    }

    /** Begins a work. */
    async start(work: Work, { cut, ...how }: How = {}): Promise<FaultedRun> {
        await this.stack.configure({ generation: GENERATION[work], cut });
        return startRun(this.lab, this.stack, OPERATION[work], how);
    }

    /** Begins a work and stops it at a place. Undefined when it ended without coming there. */
    async startUntil(work: Work, place: Place): Promise<{ run: FaultedRun; at: string; host: LabHost } | undefined> {
        const { hosts } = this.stack;
        if (place.of === "engine") {
            const run = await this.start(work, { stopAt: place.number });
            const step = await run.stopped;
            return step && { run, at: inWords(step), host: hosts.find(host => step.name.startsWith(host))! };
        }
        const host = place.of === "first" ? hosts[0] : hosts[1];
        const breakpoints = this.at(host);
        await breakpoints.count(place.number);
        const run = await this.start(work);
        let over = false;
        void run.ended.then(() => {
            over = true;
        });
        while (!breakpoints.held()) {
            if (over) return undefined;
            await delay(15);
        }
        const commands = await breakpoints.commands();
        return { run, at: `${host}: ${commands.at(-1) ?? "?"}`, host };
    }

    at(host: LabHost): Breakpoints {
        return this.#breakpoints.get(host)!;
    }

    /** Does a work to its end, as the next run after a fault. */
    async finish(work: Work, how: How = {}): Promise<RunEnd> {
        const end = await (await this.start(work, how)).ended;
        return end ?? { ok: false, changes: 0, messages: ["the run ended without a message"] };
    }

    /** Why the state cannot be read; undefined when it can, or when there is none yet. */
    async unreadableState(): Promise<string | undefined> {
        const { directory, stateDir, name } = this.stack;
        const { name: project } = await projectIdentity(directory);
        return readState({ stateDirectory: stateDir, project, stack: name }).then(
            () => undefined,
            (error: Error) => error.message,
        );
    }

    /** What differs from how the hosts must be after a work, once they had the time to settle. */
    async differences(work: Work): Promise<string[]> {
        const deadline = Date.now() + SETTLE_MS;
        for (;;) {
            const found = await this.#traces();
            const wanted = this.#wanted.get(work)!;
            const differences = this.stack.hosts.flatMap(host =>
                tracesDiffer(host, wanted.get(host)!, found.get(host)!),
            );
            if (differences.length === 0 || Date.now() > deadline) return differences;
            await delay(500);
        }
    }

    /** Rebuilds the hosts of this lane and starts with an empty state. */
    async renew(): Promise<void> {
        for (const host of this.stack.hosts) await this.lab.rebuild(host);
        await this.learn();
    }

    async #traces(): Promise<Map<LabHost, HostTraces>> {
        const { lab, stack } = this;
        return new Map(await Promise.all(stack.hosts.map(async host => [host, await tracesOf(lab, host)] as const)));
    }
}

function inWords({ phase, op, name }: RunStep): string {
    return `${op} ${name} ${phase}`;
}
