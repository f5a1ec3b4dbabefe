import { z } from "zod";
import { type Change, commitConfirm, lookAtSettled } from "../host/commitConfirm.ts";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { newOwnership, type Ownership } from "../host/owner.ts";
import { expectMachine, foundOwnership, isMachine, sessionIfThere, tellTakenFrom } from "../host/presence.ts";
import { recordDirectory, type StepValues } from "../host/step.ts";
import { appliedAt, confirmSeconds, hostInputs, hostOutputs, resourceKind, witnesses } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    family: z.enum(["inet", "ip", "ip6", "bridge"]).default("inet").describe("Address family of the table."),
    table: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, "must be a letter followed by letters, digits, _ and -")
        .describe("Name of the table."),
    content: z
        .string()
        .refine(content => !content.includes("\0"), "must be text: a NUL byte cannot be sent")
        .describe("Body of the table in the syntax of nft: its sets and chains, without `table … { }` around them."),
    adopt: z
        .boolean()
        .default(false)
        .describe(
            "Whether to take over a table of this name that Clearpath did not write. A copy of it is kept and put back on delete.",
        ),
    confirmSeconds,
    witnesses,
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    liveDigest: z
        .string()
        .describe("SHA-256 of the table as nft lists it, without counters; empty when it is missing."),
    atBoot: z.boolean().describe("Whether the unit and the file that set the table at boot are in place."),
});
type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const nftTable = resourceKind({
    token: "clearpath:host:NftTable",
    description:
        "One nftables table, live and at boot, beside the host's own firewall. It is applied in one transaction, and the host takes it back by itself when the table cuts the host off.",
    idExample: "root@192.168.77.2:22/nft/inet/clearpath",
    inputs,
    outputs,
    replaceOn: ["family", "table"],
    ignoreInDiff: ["adopt", "confirmSeconds"],
    stableOutputs: ["machineId", "ownerId"],
    validate: ({ content }) =>
        bracesBalance(content)
            ? []
            : [
                  {
                      property: "content",
                      reason: "has braces that do not match; give the whole body of the table and nothing else",
                  },
              ],
    stale: ({ outputs: { atBoot } }) => (atBoot ? [] : ["atBoot"]),
    inputsFromId(path) {
        const parts = /^\/nft\/(inet|ip|ip6|bridge)\/([^/]+)$/.exec(path);
        return parts === null ? undefined : { family: parts[1] as Inputs["family"], table: parts[2]! };
    },
    idOf,
    async create(context, inputs) {
        return { id: idOf(inputs), outputs: await setTable(context, inputs, newOwnership(context)) };
    },
    async read(context, _id, state) {
        const session = await sessionIfThere(context, state.inputs.connection);
        if (session === undefined) return undefined;
        const answers = await lookAtSettled(context, session, {
            name: `read ${nameOf(state.inputs)}`,
            programs: [PROGRAM],
            values: valuesOf(state.inputs, state.outputs),
            call: "read_table",
        });
        const ownership = foundOwnership(context, answers, state.outputs);
        if (ownership === undefined) return undefined;
        const digest = answers.digest ?? "";
        const content =
            digest === state.outputs.liveDigest ? state.inputs.content : bodyOfListing(answers.listing ?? "");
        return {
            inputs: { ...state.inputs, content },
            outputs: {
                ...state.outputs,
                ...ownership,
                liveDigest: digest,
                atBoot: answers.atBoot !== undefined,
            },
        };
    },
    update: (context, _id, olds, news) => setTable(context, news, olds.outputs),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return;
        const answers = await commitConfirm(context, session, changeOf("remove", inputs, outputs));
        isMachine(context, answers, outputs.machineId);
    },
});

/** One nftables table, live and at boot, beside the host's own firewall. */
export class NftTable extends resourceClass(nftTable) {}

const PROGRAM = new URL("./nftTable.sh", import.meta.url);

function idOf({ connection, family, table }: Inputs): string {
    return `${hostOfConnection(connection)}/nft/${family}/${table}`;
}

async function setTable(context: OperationContext, inputs: Inputs, ownership: Ownership): Promise<Outputs> {
    const session = await context.session(inputs.connection);
    const change = { ...changeOf("set", inputs, ownership), witnesses: inputs.witnesses };
    const answers = await commitConfirm(context, session, change);
    const machineId = expectMachine(session.host, answers, ownership.machineId);
    tellTakenFrom(context, answers, nameOf(inputs));
    return {
        machineId,
        ownerId: ownership.ownerId,
        appliedAt: new Date().toISOString(),
        liveDigest: answers.digest!,
        atBoot: true,
    };
}

function nameOf({ family, table }: Pick<Inputs, "family" | "table">): string {
    return `table ${family} ${table}`;
}

function changeOf(action: "set" | "remove", inputs: Inputs, ownership: Ownership): Change {
    const values = valuesOf(inputs, ownership);
    const { confirmSeconds } = inputs;
    return { name: `${action} ${nameOf(inputs)}`, programs: [PROGRAM], values, action, confirmSeconds };
}

function valuesOf({ family, table, content = "", adopt }: Inputs, { ownerId, machineId }: Ownership): StepValues {
    const record = recordDirectory("nft", `${family}-${table}`);
    return { record, owner_id: ownerId, expected_machine_id: machineId, family, table, content, adopt };
}

/**
 * Whether a text closes exactly the braces that it opens, so that it cannot leave the table it is put into. Strings and
 * comments are read as nft's scanner reads them: a string may contain line feeds.
 */
export function bracesBalance(content: string): boolean {
    let depth = 0;
    for (const [brace] of content.replace(/"[^"]*"|#.*/g, "").matchAll(/[{}]/g)) {
        depth += brace === "{" ? 1 : -1;
        if (depth < 0) return false;
    }
    return depth === 0;
}

/** The body of a table as `nft list table` prints it: without the line that names it, and without its indentation. */
export function bodyOfListing(listing: string): string {
    return listing
        .trimEnd()
        .split("\n")
        .slice(1, -1)
        .map(line => `${line.replace(/^\t/, "")}\n`)
        .join("");
}
