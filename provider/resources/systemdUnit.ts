import { z } from "zod";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { newOwnership, type Ownership } from "../host/owner.ts";
import { expectMachine, foundOwnership, isMachine, sessionIfThere, tellTakenFrom } from "../host/presence.ts";
import { recordDirectory, runStep, type Step } from "../host/step.ts";
import { appliedAt, hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    unit: z
        .string()
        .regex(
            /^(?!-)[A-Za-z0-9:_.\\-]+\.(service|timer|path|socket|mount|target)$/,
            "must be a unit's name with its type, such as example.service",
        )
        .describe("Name of the unit, with its type. The file is written to /etc/systemd/system."),
    content: z
        .string()
        .refine(content => !content.includes("\0"), "must be text: a NUL byte cannot be sent")
        .describe("Text of the unit file."),
    enabled: z.boolean().default(true).describe("Whether the unit starts at boot, as its [Install] section says."),
    running: z
        .boolean()
        .default(true)
        .describe("Whether the unit runs now. A running unit is restarted when its file changes."),
    removeDirectories: z
        .boolean()
        .default(false)
        .describe(
            "Whether delete also removes the unit's directories (`StateDirectory`, `CacheDirectory` and others), with everything in them.",
        ),
});

const outputs = z.object({ ...hostOutputs, appliedAt });
type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const systemdUnit = resourceKind({
    token: "clearpath:host:SystemdUnit",
    description: "One systemd unit: its file, whether it is enabled, and whether it runs.",
    idExample: "root@10.27.27.11:22/unit/example.service",
    inputs,
    outputs,
    replaceOn: ["unit"],
    ignoreInDiff: ["removeDirectories"],
    stableOutputs: ["machineId", "ownerId"],
    inputsFromId: path => (path.startsWith("/unit/") ? { unit: path.slice("/unit/".length) } : undefined),
    validate: ({ content, enabled }) =>
        enabled && !/^\[Install\]/m.test(content)
            ? [{ property: "content", reason: "has no [Install] section to enable; add one, or set enabled: false" }]
            : [],
    idOf,
    async create(context, inputs) {
        return { id: idOf(inputs), outputs: await set(context, inputs, newOwnership(context)) };
    },
    async read(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return undefined;
        const answers = await runStep(session, { ...stepOf("read", inputs, outputs), readOnly: true });
        const ownership = foundOwnership(context, answers, outputs);
        if (ownership === undefined) return undefined;
        return {
            inputs: {
                ...inputs,
                content: answers.content?.slice(0, -1) ?? "",
                enabled: answers.enabled !== undefined,
                running: answers.running !== undefined,
            },
            outputs: { ...outputs, ...ownership },
        };
    },
    update: (context, _id, olds, news) => set(context, news, olds.outputs),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return;
        isMachine(context, await runStep(session, stepOf("remove", inputs, outputs)), outputs.machineId);
    },
});

/** One systemd unit: its file, whether it is enabled, and whether it runs. */
export class SystemdUnit extends resourceClass(systemdUnit) {}

function idOf({ connection, unit }: Inputs): string {
    return `${hostOfConnection(connection)}/unit/${unit}`;
}

const PROGRAM = new URL("./systemdUnit.sh", import.meta.url);

async function set(context: OperationContext, inputs: Inputs, ownership: Ownership): Promise<Outputs> {
    const session = await context.session(inputs.connection);
    const answers = await runStep(session, stepOf("set", inputs, ownership));
    const machineId = expectMachine(session.host, answers, ownership.machineId);
    tellTakenFrom(context, answers, inputs.unit);
    return { machineId, ownerId: ownership.ownerId, appliedAt: new Date().toISOString() };
}

function stepOf(verb: "read" | "set" | "remove", inputs: Inputs, { ownerId, machineId }: Ownership): Step {
    const { unit, content = "", enabled, running, removeDirectories } = inputs;
    const record = recordDirectory("unit", unit);
    return {
        name: `${verb} ${unit}`,
        programs: [PROGRAM],
        values: {
            record,
            owner_id: ownerId,
            expected_machine_id: machineId,
            unit,
            content,
            enabled,
            running,
            remove_directories: removeDirectories ?? false,
        },
        call: `${verb}_unit`,
    };
}
