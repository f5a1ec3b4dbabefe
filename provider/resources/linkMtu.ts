import { createHash } from "node:crypto";
import { z } from "zod";
import { Mtu, SMALLEST_IPV6_MTU } from "../../network/mtu.ts";
import { COMMIT_CONFIRM, commitConfirm, lookAtSettled } from "../host/commitConfirm.ts";
import { hostOfConnection } from "../host/connection.ts";
import { HostError } from "../host/hostError.ts";
import { BootRefusal } from "../host/link/bootRefusal.ts";
import { type LinkFacts, linkFacts } from "../host/link/linkFacts.ts";
import { type BootFile, bootFiles, LinkManager, managerOf, netplanId } from "../host/link/linkManager.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { newOwnership, type Ownership } from "../host/owner.ts";
import { expectMachine, foundOwnership, isMachine, sessionIfThere, tellTakenFrom } from "../host/presence.ts";
import type { HostSession } from "../host/session.ts";
import { recordDirectory, runStep, type StepValues } from "../host/step.ts";
import { appliedAt, confirmSeconds, hostInputs, hostOutputs, resourceKind, witnesses } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    link: z
        .string()
        .regex(/^(?!\.+$)[\w.@][\w.@-]{0,14}$/, "must be the name of a network link, such as eth0 or vmbr1")
        .describe("Name of the network link, as `ip link` shows it."),
    mtu: Mtu.describe(
        "Largest packet of the link, in bytes. IPv6 stops below 1280 (RFC 8200), IPv4 below 68 (RFC 791).",
    ),
    confirmSeconds,
    witnesses,
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    foundMtu: z.int().describe("MTU of the link before the first change, in bytes. It is put back on delete."),
    manager: LinkManager.describe("The software that configures the link at boot. The MTU was written into its files."),
    bridge: z
        .object({ name: z.string(), mtu: z.int() })
        .nullable()
        .describe("The bridge that the link is a port of, and the bridge's MTU; null when the link is no port."),
    alreadyRight: z
        .boolean()
        .describe(
            "Whether the link had this MTU already, set by someone else. Clearpath then leaves it alone, also on delete.",
        ),
    atBoot: z.boolean().describe("Whether the files that Clearpath wrote for the next boot, if any, are in place."),
});
type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const linkMtu = resourceKind({
    token: "clearpath:host:LinkMtu",
    description:
        "A network link's MTU, live and at boot. It is written into the files of the software that configures the link: netplan, systemd-networkd, ifupdown, ifupdown2 or NetworkManager.",
    idExample: "root@10.27.27.11:22/link/eth0",
    inputs,
    outputs,
    replaceOn: ["link"],
    ignoreInDiff: ["confirmSeconds"],
    stableOutputs: ["machineId", "ownerId", "foundMtu"],
    stale: ({ outputs: { atBoot } }) => (atBoot ? [] : ["atBoot"]),
    inputsFromId: path => (path.startsWith("/link/") ? { link: path.slice("/link/".length) } : undefined),
    idOf,
    async create(context, inputs) {
        return { id: idOf(inputs), outputs: await setMtu(context, inputs, newOwnership(context)) };
    },
    async read(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return undefined;
        const facts = await look(context, session, inputs.link, outputs);
        const ownership = foundOwnership(context, facts.answers, outputs);
        if (ownership === undefined) return undefined;
        const manager = outputs.manager ?? managerOf(facts);
        const alreadyRight = outputs.alreadyRight ?? (!facts.record.exists || facts.record.alreadyRight);
        return {
            inputs: { ...inputs, mtu: facts.mtu ?? 0 },
            outputs: {
                ...outputs,
                ...ownership,
                foundMtu: facts.record.foundMtu ?? outputs.foundMtu ?? facts.mtu,
                manager,
                bridge: facts.bridge,
                alreadyRight,
                atBoot: alreadyRight || isSetAtBoot(facts, manager, inputs.mtu),
            },
        };
    },
    update: (context, _id, olds, news) => setMtu(context, news, olds.outputs),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return;
        const facts = await look(context, session, inputs.link, outputs);
        if (isMachine(context, facts.answers, outputs.machineId))
            await giveBack(context, session, inputs, outputs, facts);
    },
});

/** A network link's MTU, live and at boot, in the files of the software that configures the link. */
export class LinkMtu extends resourceClass(linkMtu) {}

function idOf({ connection, link }: Inputs): string {
    return `${hostOfConnection(connection)}/link/${link}`;
}

const PROGRAM = new URL("./linkMtu.sh", import.meta.url);

async function look(
    context: OperationContext,
    session: HostSession,
    link: string,
    ownership: Ownership,
): Promise<LinkFacts> {
    const step = {
        name: `read the MTU of ${link}`,
        programs: [PROGRAM],
        values: baseValues(link, ownership),
        call: "look",
    };
    return linkFacts(link, await lookAtSettled(context, session, step));
}

async function setMtu(context: OperationContext, inputs: Inputs, ownership: Ownership): Promise<Outputs> {
    const { link, mtu, confirmSeconds, witnesses } = inputs;
    const session = await context.session(inputs.connection);
    const facts = await look(context, session, link, ownership);
    const machineId = expectMachine(session.host, facts.answers, ownership.machineId);
    refuseImpossible(session.host, facts, mtu);
    const manager = managerOf(facts);
    if (manager === undefined)
        throw new HostError(
            session.host,
            "step",
            `none of netplan, systemd-networkd, ifupdown or NetworkManager configures ${link} at boot. Nothing was changed. Give ${link} a stanza in /etc/network/interfaces, or a .network file.`,
        );
    const foundMtu = facts.record.foundMtu ?? facts.mtu!;
    const alreadyRight = facts.mtu === mtu && (!facts.record.exists || facts.record.alreadyRight);
    const values = { ...baseValues(link, { ...ownership, machineId }), mtu, found_mtu: foundMtu, manager };
    const answers = alreadyRight
        ? await runStep(session, {
              name: `record the MTU of ${link}`,
              programs: [PROGRAM],
              values,
              call: "record_found",
          })
        : await commitConfirm(context, session, {
              name: `set the MTU of ${link} to ${mtu}`,
              programs: [PROGRAM],
              values: {
                  ...values,
                  netplan_id: netplanId(facts),
                  ...fileValues(facts, filesFor(session.host, manager, facts, mtu)),
              },
              action: "set",
              confirmSeconds,
              witnesses,
          });
    tellTakenFrom(context, answers, `the MTU of ${link}`);
    return {
        machineId,
        ownerId: ownership.ownerId,
        appliedAt: new Date().toISOString(),
        foundMtu,
        manager,
        bridge: facts.bridge,
        alreadyRight,
        atBoot: true,
    };
}

/** Throws when the link cannot have the MTU, or would lose its IPv6 addresses, which a revert does not restore. */
function refuseImpossible(host: string, facts: LinkFacts, mtu: number): void {
    const refuse = (why: string) => {
        throw new HostError(host, "step", `${facts.link} cannot have an MTU of ${mtu}: ${why}`);
    };
    if (facts.mtu === undefined)
        refuse(`the host has no link of this name. Nothing was changed. Choose one of ${facts.linksThere}.`);
    if (mtu > facts.largestMtu || mtu < facts.smallestMtu)
        refuse(
            `its driver accepts ${facts.smallestMtu} to ${facts.largestMtu}. Nothing was changed. Choose a value in between.`,
        );
    if (facts.smallestPort !== undefined && mtu > facts.smallestPort.mtu)
        refuse(
            `it is a bridge, and its port ${facts.smallestPort.name} has an MTU of ${facts.smallestPort.mtu}. Nothing was changed. Raise the MTU of its ports first.`,
        );
    if (mtu < SMALLEST_IPV6_MTU && facts.hasGlobalIpv6)
        refuse(
            `below ${SMALLEST_IPV6_MTU} bytes the link would lose its IPv6 addresses (RFC 8200). Nothing was changed. Choose ${SMALLEST_IPV6_MTU} or more.`,
        );
}

/** Puts back the former MTU and boot files. A file that someone edited later keeps those edits. */
async function giveBack(
    context: OperationContext,
    session: HostSession,
    { link, confirmSeconds, mtu }: Inputs,
    outputs: Outputs,
    facts: LinkFacts,
): Promise<void> {
    if (!facts.record.owned || facts.record.alreadyRight) {
        const programs = [COMMIT_CONFIRM, PROGRAM];
        await runStep(session, {
            name: `forget ${link}`,
            programs,
            values: baseValues(link, outputs),
            call: "forget_found",
        });
        return;
    }
    const foundMtu = facts.record.foundMtu ?? outputs.foundMtu;
    const values = { ...baseValues(link, outputs), mtu, found_mtu: foundMtu, manager: outputs.manager };
    const undone = facts.record.files.map(({ number, path, before, now }) => {
        const asOne = (text: string, value: number) => {
            const files = new Map([...facts.files, [path, text]]);
            return unlessRefused(() => bootFiles(outputs.manager, { ...facts, files }, value))?.find(
                file => file.path === path,
            )?.text;
        };
        const onlyOurs = before === undefined || now === undefined || now === before || asOne(before, mtu) === now;
        const holdsOurs = now !== undefined && asOne(now, mtu) === now;
        const undo = onlyOurs ? "put_back" : holdsOurs ? "edit" : "leave";
        const text = undo === "edit" ? asOne(now!, foundMtu)! : "";
        return { path, text, mode: "0644", undo, copy: `file${number}` };
    });
    await commitConfirm(context, session, {
        name: `put the MTU of ${link} back to ${foundMtu}`,
        programs: [PROGRAM],
        values: { ...values, ...fileValues(facts, undone) },
        action: "remove",
        confirmSeconds,
    });
}

function baseValues(link: string, { ownerId, machineId }: Ownership): StepValues {
    return { record: recordDirectory("link", link), owner_id: ownerId, expected_machine_id: machineId, link };
}

/** Whether the boot files are in place, and nothing else on the host decides the MTU. */
function isSetAtBoot(facts: LinkFacts, manager: LinkManager, mtu: number): boolean {
    const files = unlessRefused(() => bootFiles(manager, facts, mtu));
    return files?.every(({ path, text }) => facts.textOf(path) === text) ?? false;
}

/** The boot files; where the host's configuration does not allow them, an error that says where, before any change. */
function filesFor(host: string, manager: LinkManager, facts: LinkFacts, mtu: number): BootFile[] {
    try {
        return bootFiles(manager, facts, mtu);
    } catch (error) {
        if (!(error instanceof BootRefusal)) throw error;
        throw new HostError(
            host,
            "step",
            `the MTU of ${facts.link} cannot be set for the next boot. ${error.message} Nothing was changed.`,
        );
    }
}

function unlessRefused<T>(result: () => T): T | undefined {
    try {
        return result();
    } catch (error) {
        if (error instanceof BootRefusal) return undefined;
        throw error;
    }
}

/** Boot files as numbered shell variables, each with the digest of the text that the new text was made from. */
function fileValues(facts: LinkFacts, files: readonly (BootFile & { undo?: string; copy?: string })[]): StepValues {
    const values: Record<string, string> = { file_numbers: files.map((_, index) => index + 1).join(" ") };
    files.forEach(({ path, text, mode, undo = "", copy = "" }, index) => {
        const now = facts.textOf(path);
        const sha256 = now === undefined ? "absent" : createHash("sha256").update(now).digest("hex");
        for (const [name, value] of Object.entries({ path, text, mode, sha256, undo, copy }))
            values[`file${index + 1}_${name}`] = value;
    });
    return values;
}
