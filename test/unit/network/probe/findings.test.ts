import { describe, expect, test } from "vitest";
import { addMessage, noFindings } from "../../../../network/probe/findings.ts";
import { type AgentMessage, messageOf } from "../../../../network/probe/messages.ts";
import { node } from "../verdict/reports.ts";

const { facts } = node("cp1");

function findingsOf(...messages: AgentMessage[]) {
    const found = noFindings();
    for (const message of messages) addMessage(found, message, 60);
    return found;
}

describe("the findings of a run", () => {
    test("collect samples and pulls, and keep the last facts and path MTU", () => {
        const sample = { id: "s0", endpoint: "ghcr.io", at: 0, totalMs: 20 };
        const pull = { image: "ghcr.io/a:1", succeeded: true, seconds: 2, via: "agent" as const, error: null };
        const later = { ...facts, resolvers: ["192.0.2.53"] };
        expect(
            findingsOf(
                { kind: "facts", facts },
                { kind: "heartbeat", at: 2 },
                { kind: "sample", sample },
                { kind: "pull", pull },
                { kind: "facts", facts: later },
                { kind: "end", seconds: 5, outOfTime: false },
            ),
        ).toEqual({ ...noFindings(), samples: [sample], pulls: [pull], facts: later, seconds: 5 });
    });

    test.each([
        {
            why: "the budget was used up",
            message: { kind: "end", seconds: 60, outOfTime: true },
            says: /budget of 60 s/,
        },
        { why: "the agent failed", message: { kind: "failed", message: "OSError" }, says: /failed: OSError/ },
    ] as const)("say that the run is incomplete where $why", ({ message, says }) => {
        expect(findingsOf({ kind: "facts", facts }, message).incompleteReason).toMatch(says);
    });
});

describe("messageOf", () => {
    test("reads a line of the agent, and says what is wrong with any other", () => {
        expect(messageOf('{"kind":"heartbeat","at":2}')).toEqual({ kind: "heartbeat", at: 2 });
        expect(messageOf("sh: python3: not found")).toBe("an answer that is not JSON: sh: python3: not found");
        expect(messageOf('{"kind":"heartbeat"}')).toMatch(/^an answer that is not valid at at: /);
    });
});
