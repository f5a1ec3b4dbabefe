import { z } from "zod";
import { appliedAt, hostInputs, hostOutputs } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    unit: z
        .string()
        .regex(
            /^[A-Za-z0-9:_.\\-]+\.(service|timer|path|socket|mount|target)$/,
            "must be a unit's name with its type, such as example.service",
        )
        .describe("Name of the unit, with its type. It is written to /etc/systemd/system."),
    content: z
        .string()
        .refine(content => !content.includes("\0"), "must be text: a NUL byte cannot be sent")
        .describe("Text of the unit file."),
    enabled: z.boolean().default(true).describe("Whether it starts at boot, as its [Install] section says."),
    running: z.boolean().default(true).describe("Whether it runs now. A changed unit that runs is restarted."),
});

const outputs = z.object({ ...hostOutputs, appliedAt });

export const systemdUnit = {
    token: "clearpath:host:SystemdUnit",
    description: "A systemd unit of its own: the file, its enablement and its state.",
    inputs,
    outputs,
    replaceOn: ["unit"],
    stableOutputs: ["machineId", "ownerId"],
} as const;

/** A systemd unit of its own: the file, its enablement and its state. */
export class SystemdUnit extends resourceClass(systemdUnit) {}
