import { stripVTControlCharacters } from "node:util";
import type { PolicyPack } from "../policy/policyPack.ts";
import type { Listener, Severity } from "../protocol/events.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { Goal } from "./goal.ts";
import type { ProviderRegistry } from "./providers.ts";

/** An error whose cause was told already. */
export class Reported extends Error {
    override name = "Reported";
}

/** What one pass over a stack, a preview or an update, works with. */
export interface Run {
    stack: string;
    project: string;
    preview: boolean;
    /** URNs the run is limited to; empty for no limit. */
    targets: ReadonlySet<string>;
    /** How many steps may go on at once. */
    parallel: number;
    snapshot: Snapshot;
    /** Every resource that a step of this run dealt with, by URN, as it is now. */
    made: Map<string, ResourceState>;
    /** What the program asked for, by URN. */
    goals: Map<string, Goal>;
    providers: ProviderRegistry;
    policies: PolicyPack[];
    /** Writes the snapshot to the state file; does nothing in a preview. */
    write: () => Promise<void>;
    report: Reporter;
}

/** Tells what happens, and remembers whether any of it was a failure. */
export class Reporter {
    readonly #listen: Listener;
    /** An error was told, so the run fails. */
    failed = false;

    constructor(listen: Listener) {
        this.#listen = listen;
    }

    readonly event: Listener = event => {
        if (event.kind === "violation" && event.level === "mandatory") this.failed = true;
        this.#listen(event);
    };

    tell(severity: Severity, message: string, urn?: string): void {
        if (severity === "error") this.failed = true;
        const plain = stripVTControlCharacters(message);
        this.#listen({ kind: "diagnostic", severity, message: plain, ...(urn ? { urn } : {}) });
    }

    /** Tells an error once, however often it is passed on. */
    error(error: unknown, message: string, urn?: string): Reported {
        if (error instanceof Reported) return error;
        this.tell("error", message, urn);
        return new Reported(message);
    }
}
