import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { WantedSecret } from "../../cluster/secrets/settings.ts";
import { CouldNotRun } from "../exit.ts";

const commandText = z.string().min(1).describe("Run by `sh -c`, without a terminal, in the directory of the plan.");

/** A command of the user's. Its output is shown as it comes and kept; any exit code but 0 fails its stage. */
const Command = z
    .union([
        commandText,
        z.strictObject({
            run: commandText,
            environment: z
                .record(z.string().regex(/^[A-Za-z_]\w*$/, "is not a valid name of a variable"), z.string())
                .default({})
                .describe("Variables for the command beside those of `clearpath rebuild` itself."),
            timeoutMinutes: z.number().positive().max(1440).default(60).describe("Longest time it may take."),
        }),
    ])
    .transform(command =>
        typeof command === "string" ? { run: command, environment: {}, timeoutMinutes: 60 } : command,
    );
export type PlannedCommand = z.output<typeof Command>;

const Gates = z.strictObject({
    kubeconfig: z.string().min(1).optional().describe("kubeconfig of the new cluster. Without it, no gate is checked."),
    context: z.string().min(1).optional().describe("Context in the kubeconfig. Default: its current one."),
    secrets: z
        .array(WantedSecret)
        .default([])
        .describe("Secrets that External Secrets generates and the bootstrap needs."),
    timeoutMinutes: z.number().positive().max(60).default(10).describe("Longest wait for all of those secrets."),
});

/** How one cluster is destroyed and built again: what `clearpath rebuild` cannot know by itself. */
export const RebuildPlan = z.strictObject({
    destroy: Command.describe("Destroys the VMs."),
    rebuild: Command.describe("Builds the new VMs, up to a running SSH server. K3s must not start yet."),
    bootstrap: Command.optional().describe("Starts K3s, and then what runs on it, such as Flux."),
    hosts: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe("Nodes that `rebuild` builds again, by their names in the stack. Default: all nodes."),
    hostKeyCommand: z
        .string()
        .min(1)
        .optional()
        .describe(
            "Prints a new VM's public host key. It must get the key by a way that can be trusted, such as the hypervisor's guest agent. It runs once for each host, with `CLEARPATH_HOST`, `CLEARPATH_PORT` and `CLEARPATH_NODE`.",
        ),
    keepsMachineId: z
        .boolean()
        .default(false)
        .describe("Whether new VMs have the machine-id of the old ones, for example because a template contains it."),
    waitMinutes: z.number().positive().max(240).default(10).describe("Longest wait for SSH on the new VMs."),
    gates: Gates.prefault({}).describe("Conditions that the new cluster must meet at the end."),
});
export type RebuildPlan = z.output<typeof RebuildPlan>;

/** A plan, and where its commands run. */
export interface PlanFile {
    plan: RebuildPlan;
    file: string;
    directory: string;
}

/** Reads a plan. Throws `CouldNotRun` with a line for each wrong value. */
export async function readPlan(path: string): Promise<PlanFile> {
    const file = resolve(path);
    const text = await readFile(file, "utf8").catch((error: Error) => {
        throw new CouldNotRun(
            `${path} cannot be read: ${error.message}. Name with --plan a YAML file with at least \`destroy\` and \`rebuild\`, your commands for both.`,
        );
    });
    const checked = RebuildPlan.safeParse(parsed(path, text));
    if (checked.success) return { plan: checked.data, file, directory: dirname(file) };
    const lines = checked.error.issues.map(
        issue => `${path}: ${issue.path.join(".") || "the whole file"}: ${sentenceOf(issue)}.`,
    );
    throw new CouldNotRun(`${lines.join("\n")}\nNothing was done. Correct the plan.`);
}

function parsed(path: string, text: string): unknown {
    try {
        return parse(text);
    } catch (error) {
        throw new CouldNotRun(`${path} is not YAML: ${(error as Error).message} Nothing was done. Correct the plan.`);
    }
}

/** A command that is neither text nor an object with `run` gives one sentence, not one for each form. */
function sentenceOf(issue: z.core.$ZodIssue): string {
    if (issue.code !== "invalid_union") return issue.message;
    const inner = issue.errors.flat().find(({ path }) => path.length > 0);
    if (inner) return `${inner.path.join(".")}: ${inner.message}`;
    return "write a command as text, or as an object with `run`";
}
