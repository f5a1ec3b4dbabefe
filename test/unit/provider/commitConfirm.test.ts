import { expect, it } from "vitest";
import { type Change, commitConfirm } from "../../../provider/host/commitConfirm.ts";
import type { OperationContext } from "../../../provider/host/operationContext.ts";
import type { CommandResult, ExecOptions, HostSession } from "../../../provider/host/session.ts";

/** A host on which every step works: it arms its timer, applies the change, and confirms it when it is asked to. */
function host(name: string, onAsked = () => undefined as unknown): HostSession {
    const session: HostSession = {
        host: name,
        get alive() {
            onAsked();
            return false;
        },
        answers: async () => true,
        exec: async (_command: string, { stdin, onLine }: ExecOptions = {}): Promise<CommandResult> => {
            if (!onLine) return { code: 0, stdout: String(stdin), stderr: "" };
            for (const name of ["armed", "applied"]) onLine(JSON.stringify({ name, base64: "eWVz" }));
            return { code: 0, stdout: "", stderr: "" };
        },
        reconnect: async () => session,
        moveTo: () => undefined,
        alone: work => work(session),
        close: () => undefined,
    };
    return session;
}

function contextOf(signal = new AbortController().signal): OperationContext {
    return { urn: "urn", session: () => Promise.reject(new Error("no other host")), log: () => undefined, signal };
}

const change: Change = { name: "set the MTU", programs: [], values: {}, action: "try", confirmSeconds: 60 };

it("does not wait for the host's own revert once the run is cancelled", async () => {
    const cancel = new AbortController();
    // Whether the connection is still alive is asked right before the wait.
    const session = host("cp1", () => setImmediate(() => cancel.abort()));
    const fault = async () => "something is wrong there.";

    await expect(commitConfirm(contextOf(cancel.signal), session, { ...change, fault })).rejects.toMatchObject({
        reason: "reverted",
        message: expect.stringContaining("whether it did was not seen"),
    });
});

it("leaves no timer behind that would keep the process alive", async () => {
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === "Timeout").length;
    const before = timers();

    await commitConfirm(contextOf(), host("cp2"), change);
    expect(timers()).toBeLessThanOrEqual(before);
});
