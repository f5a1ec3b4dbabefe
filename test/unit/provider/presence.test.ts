import { describe, expect, it } from "vitest";
import { Connection } from "../../../provider/host/connection.ts";
import { HostError, type HostErrorReason } from "../../../provider/host/hostError.ts";
import type { OperationContext } from "../../../provider/host/operationContext.ts";
import { newOwnership, partsOfOwner, UNFINISHED } from "../../../provider/host/owner.ts";
import { foundOwnership, sessionIfThere, tellTakenFrom } from "../../../provider/host/presence.ts";
import type { HostSession } from "../../../provider/host/session.ts";

/** Enough for a host to come back, and too little for a test to wait for. */
const patience = { forMs: 100, pauseMs: 5 };

const session = { host: "there" } as HostSession;

/** A host that answers each try as the list says, and goes on as in its last one. */
function host(name: string, ...answers: (HostErrorReason | "session")[]) {
    let tries = 0;
    const warnings: string[] = [];
    const context: OperationContext = {
        urn: "urn",
        session: async () => {
            const answer = answers[Math.min(tries++, answers.length - 1)]!;
            if (answer === "session") return session;
            throw new HostError(name, answer, "no answer.");
        },
        log: (_severity, message) => void warnings.push(message),
        signal: new AbortController().signal,
    };
    const found = sessionIfThere(context, Connection.parse({ host: name }), patience);
    found.catch(() => undefined);
    return { found, warnings, tries: () => tries };
}

describe("a host on which something is to be read or removed", () => {
    it("is used when it answers", async () => {
        await expect(host("one", "session").found).resolves.toBe(session);
    });

    it("is tried again when it does not answer, because it may be booting", async () => {
        const { found, warnings } = host("two", "unreachable", "no-such-host", "session");

        await expect(found).resolves.toBe(session);
        expect(warnings).toEqual([]);
    });

    it("counts as gone when it does not answer for as long as a boot takes, and is not waited for again", async () => {
        const { found, warnings, tries } = host("three", "unreachable");
        const began = Date.now();

        await expect(found).resolves.toBeUndefined();
        expect(warnings.join()).toContain("three: no answer. Clearpath treats the host as gone");
        expect(Date.now() - began).toBeGreaterThanOrEqual(patience.forMs);
        expect(tries()).toBeGreaterThan(1);
        const next = host("three", "unreachable");
        await expect(next.found).resolves.toBeUndefined();
        expect(next.tries()).toBe(1);
    });

    it.each(["refused", "connection-lost", "host-key", "authentication"] as const)(
        "never counts as gone when the answer is: %s",
        async reason => {
            await expect(host("four", reason).found).rejects.toThrow("four: no answer.");
        },
    );
});

describe("the owner of an object on a host", () => {
    const warnings: string[] = [];
    const context = (urn: string) =>
        ({ urn, log: (_: string, message: string) => void warnings.push(message) }) as unknown as OperationContext;
    const mine = "urn:pulumi:dev::home::clearpath:host:File::a name";
    const { ownerId } = newOwnership(context(mine));

    it("has the URN that the object was created under, and a unique number", () => {
        expect(partsOfOwner(ownerId)).toEqual({ urn: mine, number: expect.stringMatching(/^[0-9a-f-]{36}$/) });
        expect(newOwnership(context(mine)).ownerId).not.toBe(ownerId);
    });

    it("is read from the host when an earlier run did not finish the creation", () => {
        const answers = { machineId: "m", recorded: ownerId };
        expect(foundOwnership(context(mine), answers, UNFINISHED)).toEqual({ machineId: "m", ownerId });
    });

    it.each([
        ["another resource has", { machineId: "m", recorded: "urn:pulumi:other::home::clearpath:host:File::a 0-1" }],
        ["a resource has whose URN only begins so", { machineId: "m", recorded: `${mine} too 0-1` }],
        ["nobody has", { machineId: "m" }],
    ])("is not this resource where %s made the object", (_, answers) => {
        expect(foundOwnership(context(mine), answers as Record<string, string>, UNFINISHED)).toBeUndefined();
    });

    it("is the one in the state, on the machine that the object was created on", () => {
        const known = { machineId: "m", ownerId: "it" };
        expect(foundOwnership(context(mine), { machineId: "m", recorded: "other" }, known)).toEqual(known);
        expect(foundOwnership(context(mine), { machineId: "n", recorded: "it" }, known)).toBeUndefined();
    });

    it("is named in a warning when it was another resource, but not after an interrupted run of this one", () => {
        warnings.length = 0;
        tellTakenFrom(context(mine), { takenFrom: ownerId }, "/etc/x");
        expect(warnings).toEqual([]);
        tellTakenFrom(context("urn:of another"), { takenFrom: ownerId }, "/etc/x");
        expect(warnings.join()).toContain(`/etc/x belonged to another Clearpath resource (${mine})`);
    });
});
