import { z } from "zod";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { newOwnership, type Ownership, partsOfOwner } from "../host/owner.ts";
import { expectMachine, foundOwnership, isMachine, sessionIfThere, tellTakenFrom } from "../host/presence.ts";
import { type Answers, recordDirectory, runStep, type Step, type StepValues } from "../host/step.ts";
import { appliedAt, hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const packageName = z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]+$/, "must be the name of a Debian package, such as docker-registry");

const inputs = z.strictObject({
    ...hostInputs,
    packages: z.array(packageName).min(1).describe("Names of the Debian packages that must be installed."),
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    added: z
        .array(z.string())
        .describe("Packages that this resource installed, with their dependencies. They are removed on delete."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const packages = resourceKind({
    token: "clearpath:host:Packages",
    description:
        "Debian packages on a host. apt installs the missing ones, and none of their services is started or enabled. On delete, only packages that this resource installed are removed, except those that other packages need by then.",
    idExample: "root@10.27.27.5:22/packages/docker-registry",
    inputs,
    outputs,
    replaceOn: [],
    stableOutputs: ["machineId", "ownerId"],
    inputsFromId: path =>
        path.startsWith("/packages/") ? { packages: path.slice("/packages/".length).split(",") } : undefined,
    idOf,
    async create(context, inputs) {
        return { id: idOf(inputs), outputs: await install(context, inputs, newOwnership(context)) };
    },
    async read(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return undefined;
        const answers = await runStep(session, {
            ...stepOf("read", inputs, outputs, { made_by: context.urn }),
            readOnly: true,
        });
        const ownership = foundOwnership(context, answers, outputs);
        if (ownership === undefined) return undefined;
        const there = words(answers.installed);
        return {
            inputs: { ...inputs, packages: inputs.packages.filter(name => there.includes(name)) },
            outputs: { ...outputs, ...ownership },
        };
    },
    update: (context, _id, olds, news) => install(context, news, olds.outputs),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return;
        const answers = await runStep(session, stepOf("remove", inputs, outputs), { timeoutMs: APT_TIMEOUT_MS });
        if (!isMachine(context, answers, outputs.machineId)) return;
        const stay = words(answers.stay);
        if (stay.length > 0) context.log("warning", `Not removed, because other packages need it: ${stay.join(", ")}.`);
    },
});

/** Debian packages on a host: missing ones are installed, and these are removed on delete. */
export class Packages extends resourceClass(packages) {}

function idOf({ connection, packages }: Inputs): string {
    return `${hostOfConnection(connection)}/packages/${packages.join(",")}`;
}

const PROGRAM = new URL("./packages.sh", import.meta.url);
/** A mirror behind a slow line takes long, and apt waits for another apt that runs. */
const APT_TIMEOUT_MS = 900_000;

async function install(context: OperationContext, inputs: Inputs, ownership: Ownership): Promise<Outputs> {
    const session = await context.session(inputs.connection);
    const answers = await runStep(session, stepOf("install", inputs, ownership), { timeoutMs: APT_TIMEOUT_MS });
    tellTakenFrom(context, answers, inputs.packages.join(", "));
    return {
        machineId: expectMachine(session.host, answers, ownership.machineId),
        ownerId: ownership.ownerId,
        appliedAt: new Date().toISOString(),
        added: words(answers.added),
    };
}

function stepOf(
    verb: "read" | "install" | "remove",
    { packages }: Inputs,
    { ownerId, machineId }: Ownership,
    more: StepValues = {},
): Step {
    return {
        name: `${verb} packages ${packages.join(", ")}`,
        programs: [PROGRAM],
        values: {
            record: recordDirectory("packages", partsOfOwner(ownerId).number || "unfinished"),
            owner_id: ownerId,
            expected_machine_id: machineId,
            packages: packages.join(" "),
            is_new: machineId === "",
            ...more,
        },
        call: `${verb}_packages`,
    };
}

function words(answer: Answers[string] | undefined): string[] {
    return (answer ?? "").split(/\s+/).filter(Boolean);
}
