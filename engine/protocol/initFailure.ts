import messages from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import { isServiceError } from "./rpc.ts";
import type { PropertyMap } from "./values.ts";
import { fromStruct } from "./wire.ts";

/** The plugin made or changed the resource, but did not finish: there is a state to keep, and a failure to tell. */
export class InitFailure extends Error {
    override name = "InitFailure";
    readonly id: string;
    readonly outputs: PropertyMap;
    readonly inputs: PropertyMap | undefined;
    readonly reasons: string[];

    constructor(id: string, outputs: PropertyMap, inputs: PropertyMap | undefined, reasons: string[]) {
        super(reasons.join("; ") || "The resource was made but did not become ready.");
        this.id = id;
        this.outputs = outputs;
        this.inputs = inputs;
        this.reasons = reasons;
    }
}

const TYPE = "pulumirpc.ErrorResourceInitFailed";

/** The error as an `InitFailure` when its details say so; otherwise the error itself. `marked` puts secret marks back. */
export function initFailureOf(error: unknown, marked: (outputs: PropertyMap) => PropertyMap): unknown {
    if (!isServiceError(error)) return error;
    const [binary] = error.metadata?.get("grpc-status-details-bin") ?? [];
    if (!(binary instanceof Uint8Array)) return error;
    const detail = status.Status.deserializeBinary(binary)
        .getDetailsList()
        .find(any => any.getTypeName() === TYPE);
    if (detail === undefined) return error;
    const failure = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    const inputs = failure.getInputs();
    return new InitFailure(
        failure.getId(),
        marked(fromStruct(failure.getProperties())),
        inputs && fromStruct(inputs),
        failure.getReasonsList(),
    );
}
