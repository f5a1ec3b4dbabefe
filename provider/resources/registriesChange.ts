import { CA_DIRECTORY, registriesOf } from "../../network/registries/args.ts";
import { changeOfRegistries, type RegistriesChange } from "../../network/registries/change.ts";
import { checkRegistries } from "../../network/registries/check.ts";
import { registriesDifference } from "../../network/registries/difference.ts";
import { parseRegistries } from "../../network/registries/parse.ts";
import { registriesYaml } from "../../network/registries/registriesYaml.ts";
import { COMMIT_CONFIRM, commitConfirm, PENDING } from "../host/commitConfirm.ts";
import { HostError } from "../host/hostError.ts";
import type { OperationContext } from "../host/operationContext.ts";
import type { Ownership } from "../host/owner.ts";
import { expectMachine, isMachine, tellTakenFrom } from "../host/presence.ts";
import type { HostSession } from "../host/session.ts";
import { type Answers, recordDirectory, runStep, type Step, type StepValues } from "../host/step.ts";
import { awaitReady, type ClusterNode, clusterNode, type NodeCondition } from "../kubernetes/nodeHeartbeat.ts";
import { type FoundNode, findNode } from "./registriesNode.ts";
import type { Inputs, Outputs } from "./registriesSchema.ts";

const PROGRAMS = [new URL("./registries.sh", import.meta.url), new URL("./registriesRestart.sh", import.meta.url)];
/** Where a node keeps its former files during a change that needs no confirmation. */
const BEFORE = recordDirectory("k3s", "registries-before");
/** How long a node waits for the confirmation, in addition to the time that K3s takes to restart. */
const CONFIRM_SECONDS = 30;

/** Reads a node's registries and what they depend on. */
export function readNode(context: OperationContext, session: HostSession, ownership: Ownership): Promise<FoundNode> {
    return findNode(context, session, stepOf(ownership, "read_registries"));
}

/** Writes a node's registries, and restarts K3s where the change needs it. */
export async function applyRegistries(
    context: OperationContext,
    inputs: Inputs,
    ownership: Ownership & { isOurs: boolean },
): Promise<Outputs> {
    const session = await context.session(inputs.connection);
    const node = await readNode(context, session, ownership);
    const machineId = expectMachine(session.host, node.answers, ownership.machineId);
    const content = registriesYaml(registriesOf(inputs.registries));
    refuseOtherPath(session.host, node);
    if (node.owner === null && !ownership.isOurs) takeOver(context, session.host, node, inputs);
    for (const { severity, path, message } of checkRegistries(content, node))
        if (severity !== "info") context.log("warning", `${session.host}: ${path}: ${message}`);

    const change = changeOfRegistries(node, content);
    const answers = await carryOut(context, session, {
        action: "write",
        inputs,
        ownership,
        node,
        change,
        cluster: () => inCluster(session.host, inputs, node),
        values: {
            content,
            authorities: lines(Object.entries(inputs.certificateAuthorities)),
            is_ours: ownership.isOurs,
        },
    });
    if (change.effect === "restart") await settle(context, session, ownership, content);
    tellTakenFrom(context, answers, node.path);
    return {
        machineId,
        ownerId: ownership.ownerId,
        appliedAt: new Date().toISOString(),
        path: node.path,
        k3sVersion: node.release,
        effect: change.effect,
        reason: change.why,
        upstreamLast: !node.disableDefaultRegistryEndpoint,
        drift: [],
    };
}

/** Puts back the former registries, and restarts K3s where the change needs it. */
export async function removeRegistries(
    context: OperationContext,
    session: HostSession,
    inputs: Inputs,
    ownership: Ownership,
): Promise<void> {
    const node = await readNode(context, session, ownership);
    if (!isMachine(context, node.answers, ownership.machineId)) return;
    if (node.owner !== ownership.ownerId) {
        const step = stepOf(ownership, "forget_registries", { before: BEFORE });
        return void (await runStep(session, { ...step, programs: [COMMIT_CONFIRM, ...PROGRAMS] }));
    }
    const change = changeOfRegistries(node, node.original);
    await carryOut(context, session, {
        action: "remove",
        inputs,
        ownership,
        node,
        change,
        // A cluster that no longer answers must not stop the removal from its nodes.
        cluster: () =>
            inCluster(session.host, inputs, node).catch((error: Error) => void context.log("warning", error.message)),
        values: { authorities: "" },
    });
}

interface Plan {
    action: "write" | "remove";
    inputs: Inputs;
    ownership: Ownership;
    node: FoundNode;
    change: RegistriesChange;
    /** The node as its cluster reports it; undefined where no kubeconfig is given. */
    cluster(): Promise<WatchedNode | undefined>;
    /** Values of the step, beside those that describe the change. */
    values: StepValues;
}

/**
 * Changes the files of a node. Where the change needs a restart, the node takes all of it back unless K3s runs again, the
 * cluster reports the node as back, and a new connection confirms it.
 */
async function carryOut(context: OperationContext, session: HostSession, plan: Plan): Promise<Answers> {
    const { action, inputs, ownership, node, change } = plan;
    const values = { ...plan.values, ...valuesOf(node, change) };
    try {
        if (change.effect !== "restart") {
            return await runStep(session, stepOf(ownership, `${action}_registries`, { ...values, before: BEFORE }));
        }
        let cluster: WatchedNode | undefined;
        context.log("info", `${session.host}: Clearpath restarts ${node.runningUnit}. ${change.why}`);
        const waiting = { ready_seconds: inputs.readySeconds, before: `${PENDING}/before` };
        return await commitConfirm(context, session, {
            ...stepOf(ownership, `${action}_registries`, waiting),
            applyValues: values,
            action,
            confirmSeconds: CONFIRM_SECONDS,
            longestSeconds: inputs.readySeconds,
            patienceInput: "readySeconds",
            ...(inputs.kubeconfig !== undefined && {
                async before() {
                    cluster = await plan.cluster();
                },
                async fault() {
                    const missing = cluster && (await stillMissing(context, cluster, inputs.readySeconds));
                    return missing
                        ? `${node.runningUnit} runs again, but the cluster does not report the node as back: ${missing}.`
                        : undefined;
                },
            }),
        });
    } catch (error) {
        throw withoutSecrets(error, [node.registries, registriesYaml(registriesOf(inputs.registries ?? {}))]);
    }
}

/** Records the settings that K3s rendered with at its restart, so that the next change may need no restart. */
async function settle(
    context: OperationContext,
    session: HostSession,
    ownership: Ownership,
    content: string,
): Promise<void> {
    const { why, renderedWith } = changeOfRegistries(await readNode(context, session, ownership), content);
    if (renderedWith === null)
        context.log("warning", `${session.host}: later changes need a restart of K3s on this node. ${why}`);
    const rendered_with = renderedWith === null ? "" : JSON.stringify(renderedWith);
    await runStep(session, stepOf(ownership, "settle_registries", { rendered_with }));
}

interface WatchedNode {
    node: ClusterNode;
    before: NodeCondition;
}

/** The node as its cluster reports it before the restart; undefined without a kubeconfig. */
async function inCluster(host: string, inputs: Inputs, found: FoundNode): Promise<WatchedNode | undefined> {
    if (inputs.kubeconfig === undefined) return undefined;
    const name = inputs.nodeName ?? found.nodeName;
    try {
        const node = await clusterNode(inputs.kubeconfig, name);
        return { node, before: await node.condition() };
    } catch (error) {
        const said = (error as Error).message.split("\n")[0];
        throw new HostError(
            host,
            "step",
            `the cluster did not report the state of node ${name}: ${said}. Nothing was changed: the change needs a restart of K3s, and Clearpath could not see when the node is back. Correct kubeconfig or nodeName, or leave kubeconfig out.`,
        );
    }
}

async function stillMissing(context: OperationContext, { node, before }: WatchedNode, seconds: number) {
    const { signal } = context;
    const missing = await awaitReady(node, before, { seconds, signal });
    if (missing !== null && signal.aborted)
        context.log(
            "warning",
            `The run was cancelled before the cluster reported node ${node.name} as back: ${missing}.`,
        );
    return signal.aborted ? null : missing;
}

function refuseOtherPath(host: string, { path, k3sPath }: FoundNode): void {
    if (path === k3sPath) return;
    throw new HostError(
        host,
        "step",
        `K3s now reads its registries from ${k3sPath}, but Clearpath wrote them to ${path}. Nothing was changed. Run up --replace for this resource, which puts the old file back and writes the new one.`,
    );
}

/** Refuses a registries.yaml that Clearpath did not write, or says what changes when it is taken over. */
function takeOver(context: OperationContext, host: string, node: FoundNode, inputs: Inputs): void {
    const wanted = registriesOf(inputs.registries);
    if (node.registries === null || node.registries === registriesYaml(wanted)) return;
    if (!inputs.adopt)
        throw new HostError(
            host,
            "step",
            `${node.path} is there and is not Clearpath's. Nothing was changed. Set adopt: true to take it over; Clearpath keeps a copy and puts it back on delete.`,
        );
    const found = registriesDifference(node.registries, wanted);
    const difference = found.length === 0 ? "Its content is the same." : found.map(line => `\n  ${line}`).join("");
    context.log("warning", `${host}: ${node.path} is taken over, and a copy of it is kept. ${difference}`);
}

function valuesOf(node: FoundNode, change: RegistriesChange): StepValues {
    return {
        found_sha256: node.sha256,
        hosts_tomls: lines(change.write),
        removed_hosts_tomls: change.remove.join("\n"),
        restart: change.effect === "restart",
        rendered_with: change.renderedWith === null ? "" : JSON.stringify(change.renderedWith),
    };
}

/** Names and texts as the step reads them: one line each, the text in base64 before the name. */
function lines(texts: Iterable<readonly [string, string]>): string {
    return [...texts].map(([name, text]) => `${Buffer.from(text).toString("base64")} ${name}`).join("\n");
}

function stepOf({ ownerId, machineId }: Ownership, call: string, values: StepValues = {}): Step {
    return {
        name: call.replace("_", " "),
        programs: PROGRAMS,
        values: {
            record: recordDirectory("k3s", "registries"),
            ca_directory: CA_DIRECTORY,
            owner_id: ownerId,
            expected_machine_id: machineId,
            ...values,
        },
        call,
    };
}

/** Removes passwords from an error: a host's message may quote what it was given. */
function withoutSecrets(error: unknown, texts: readonly (string | null)[]): unknown {
    const secrets = texts
        .flatMap(text => Object.values(parseRegistries(text ?? "").file?.registries.configs ?? {}))
        .flatMap(({ auth }) => [auth?.password, auth?.auth, auth?.identity_token])
        .filter(secret => secret !== undefined && secret !== "");
    if (error instanceof Error)
        error.message = secrets.reduce<string>((text, secret) => text.replaceAll(`${secret}`, "…"), error.message);
    return error;
}
