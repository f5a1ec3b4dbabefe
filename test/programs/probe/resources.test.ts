import { expect, test } from "vitest";
import { ProbePlan } from "../../../network/probe/plan.ts";
import { Connection } from "../../../provider/host/connection.ts";
import type { OperationContext } from "../../../provider/host/operationContext.ts";
import type { ExecOptions, HostSession } from "../../../provider/host/session.ts";
import { egress } from "../../../provider/resources/egress.ts";
import { pathMtu } from "../../../provider/resources/pathMtu.ts";
import { warmImages } from "../../../provider/resources/warmImages.ts";
import { node } from "../../unit/network/verdict/reports.ts";
import { localSession } from "./localSession.ts";

const inputs = {
    connection: Connection.parse({ host: "10.27.27.11" }),
    vantagePoint: "cp1",
    role: "server" as const,
    plan: ProbePlan.parse({ endpoints: [{ host: "ghcr.io" }] }),
    triggers: ["2026-01-01T00:00:00.000Z"],
};

function context(session: HostSession): OperationContext {
    return { urn: "urn", session: async () => session, log() {}, signal: new AbortController().signal };
}

/** A host whose agent answers these lines. */
function answering(...messages: object[]): HostSession {
    return {
        ...localSession(),
        async exec(_command, options) {
            for (const message of messages) options?.onLine?.(JSON.stringify(message));
            return { code: 0, stdout: "", stderr: "" };
        },
    };
}

const { facts, pathMtu: measured } = node("cp1");
const sample = { id: "s0", endpoint: "ghcr.io", at: 0, totalMs: 4000, failure: "tls-timeout" };
const end = { kind: "end", seconds: 4, outOfTime: false };

test("a probe that fails is a result, kept without its samples, and stale until it passes", async () => {
    const session = answering({ kind: "facts", facts }, { kind: "sample", sample }, { kind: "sample", sample }, end);
    const { id, outputs } = await egress.create(context(session), inputs);
    expect(id).toBe("root@10.27.27.11:22/egress/cp1");
    expect(outputs).toMatchObject({ passed: false, machineId: facts.machineId });
    expect(outputs.report).not.toHaveProperty("samples");
    expect(egress.stale?.({ inputs, outputs })).toEqual(["passed"]);
    expect(egress.stale?.({ inputs, outputs: { ...outputs, passed: true } })).toEqual([]);
});

test("an update probes again and keeps the owner", async () => {
    const session = answering({ kind: "facts", facts }, end);
    const { id, outputs } = await egress.create(context(session), inputs);
    const again = await egress.update(context(session), id, { inputs, outputs }, inputs);
    expect(again).toMatchObject({ ownerId: outputs.ownerId, passed: true });
});

test("a path MTU is the smaller of both directions", async () => {
    const upload = { ...measured.ipv4!.upload!, bytes: 1380, bound: "exact" };
    const result = { ipv4: { download: measured.ipv4!.download, upload }, ipv6: null };
    const session = answering({ kind: "facts", facts }, { kind: "pathMtu", pathMtu: result }, end);
    const { plan: _plan, role: _role, ...rest } = inputs;
    const { outputs } = await pathMtu.create(context(session), {
        ...rest,
        endpoints: inputs.plan.endpoints,
        families: ["ipv4", "ipv6"],
    });
    expect(outputs).toMatchObject({ ipv4: 1380, ipv6: null });
});

/** A host that answers the program of a resource, but never answers when its machine-id is read. */
function silentAboutItself(...messages: object[]): HostSession & { asked: Promise<ExecOptions | undefined> } {
    const asked = Promise.withResolvers<ExecOptions | undefined>();
    const session = answering(...messages);
    return {
        ...session,
        asked: asked.promise,
        exec(command, options) {
            if (!command.includes("machine-id")) return session.exec(command, options);
            asked.resolve(options);
            return new Promise((_, reject) =>
                options?.signal?.addEventListener("abort", () => reject(new Error("cancelled"))),
            );
        },
    };
}

test.each([
    {
        what: "a probe is read",
        messages: [],
        work: (context: OperationContext) =>
            egress.read(context, "id", { inputs, outputs: { machineId: facts.machineId } as never }),
    },
    {
        what: "images were warmed",
        messages: [{ ended: true }],
        work: (context: OperationContext) => {
            const task = {
                address: "10.27.27.5",
                caCertificate: "PEM",
                upstreams: [],
                images: [],
                platforms: [],
                parallel: 1,
            };
            return warmImages.create(context, {
                connection: inputs.connection,
                task,
                timeoutSeconds: 30,
                triggers: [],
            });
        },
    },
])(
    "a host that does not answer for its machine-id does not hold up a cancelled run when $what",
    async ({ messages, work }) => {
        const cancel = new AbortController();
        const session = silentAboutItself(...messages);
        const working = expect(work({ ...context(session), signal: cancel.signal })).rejects.toThrow("cancelled");
        expect((await session.asked)?.timeoutMs).toBeGreaterThan(0);
        cancel.abort();
        await working;
    },
);

test("a probe is gone when its machine is", async () => {
    const session = answering({ kind: "facts", facts }, end);
    const { id, outputs } = await egress.create(context(session), inputs);
    const rebuilt = { ...session, exec: async () => ({ code: 0, stdout: "another-machine\n", stderr: "" }) };
    expect(await egress.read(context(rebuilt), id, { inputs, outputs })).toBeUndefined();
    const same = { ...session, exec: async () => ({ code: 0, stdout: `${facts.machineId}\n`, stderr: "" }) };
    expect(await egress.read(context(same), id, { inputs, outputs })).toEqual({ inputs, outputs });
});
