import { serializeDeployment } from "./deploymentFile.ts";
import type { Crypter } from "./secrets.ts";
import type { Snapshot } from "./snapshot.ts";
import { type StackPlace, writeState } from "./stateFile.ts";

/**
 * Writes a snapshot to its state file, one write at a time. Calls that come while a write is under way share the next
 * one, which holds what all of them wanted written.
 */
export function stateWriter(place: StackPlace, snapshot: Snapshot, crypter: Crypter): () => Promise<void> {
    let current: Promise<void> = Promise.resolve();
    let next: Promise<void> | undefined;
    const writeNow = () => {
        next = undefined;
        const deployment = { resources: snapshot.resources(), pendingOperations: snapshot.pendingOperations() };
        current = writeState(place, serializeDeployment(deployment, crypter));
        return current;
    };
    return () => {
        next ??= current.then(writeNow, writeNow);
        return next;
    };
}
