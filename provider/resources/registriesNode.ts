import type { NodeRegistries } from "../../network/registries/change.ts";
import type { CertsDNode } from "../../network/registries/rendering/certsD.ts";
import { parseK3sVersion } from "../../network/registries/version.ts";
import { lookAtSettled } from "../host/commitConfirm.ts";
import type { OperationContext } from "../host/operationContext.ts";
import type { HostSession } from "../host/session.ts";
import type { Answers, Step } from "../host/step.ts";

/** The state of a node, and what is recorded on it. */
export interface FoundNode extends NodeRegistries {
    answers: Answers;
    /** Path that this node's registries are written to. */
    path: string;
    /** Path that its K3s reads them from: a different one if `private-registry` was changed later. */
    k3sPath: string;
    /** Release of its K3s, such as `v1.33.3+k3s1`; null where K3s is not installed. */
    release: string | null;
    /** SHA-256 of registries.yaml; empty when there is none. */
    sha256: string;
    /** Permissions of registries.yaml as octal digits, without a leading 0. */
    mode: string | null;
    /** Name of the node in Kubernetes. */
    nodeName: string;
    /** Resource that manages the node's registries; null when there is none. */
    owner: string | null;
    /** Text of the registries.yaml that was there before anything was written; null when there was none. */
    original: string | null;
    /** Certificate authorities that were written to the node, by name. */
    authorities: ReadonlyMap<string, string>;
}

/** Reads a node with the step `read_registries`. On a machine that is not the expected one only the machine-id is read. */
export async function findNode(context: OperationContext, session: HostSession, step: Step): Promise<FoundNode> {
    const certsD = new Map<string, string>();
    const authorities = new Map<string, string>();
    const trees: Record<string, Map<string, string>> = { hostsToml: certsD, authority: authorities };
    const onAnswer = (name: string, value: string) => {
        const end = value.indexOf("\n");
        trees[name]?.set(value.slice(0, end), value.slice(end + 1, -1));
    };
    const answers = await lookAtSettled(context, session, step, onAnswer);
    const text = (name: string) => answers[name]?.slice(0, -1) ?? null;
    return {
        answers,
        path: answers.path ?? "",
        k3sPath: answers.k3sPath ?? "",
        release: answers.version || null,
        version: parseK3sVersion(answers.version ?? ""),
        runningUnit: answers.running === "yes" ? (answers.unit ?? null) : null,
        dataDir: answers.dataDir ?? "",
        disableDefaultRegistryEndpoint: answers.withoutDefaultEndpoint === "true",
        containerdConfig: text("containerdConfig"),
        registries: text("registries"),
        certsD,
        formerRegistries: [text("applied"), text("original")].filter(former => former !== null),
        renderedWith: renderedWith(text("renderedWith")),
        sha256: answers.sha256 ?? "",
        mode: answers.mode ?? null,
        nodeName: answers.nodeName ?? "",
        owner: answers.recorded ?? null,
        // A record without it belongs to a write that was cut off before it changed anything.
        original: text(answers.kept === undefined ? "registries" : "original"),
        authorities,
    };
}

function renderedWith(text: string | null): CertsDNode | null {
    return text ? (JSON.parse(text) as CertsDNode) : null;
}
