import grpc from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** A creation whose result is not known. Engines keep the resource in the state, so that it can be finished or deleted. */
export class HalfMade extends Error {
    override name = "HalfMade";
    readonly id: string;
    readonly properties: Struct;

    constructor(message: string, id: string, properties: Struct) {
        super(message);
        this.id = id;
        this.properties = properties;
    }
}

/** An error as gRPC carries it. A HalfMade error has the details that Pulumi's engines look for. */
export function statusOf(error: Error): Partial<grpc.StatusObject> {
    const plain = { code: grpc.status.UNKNOWN, details: error.message };
    if (!(error instanceof HalfMade)) return plain;
    const failure = new rpc.ErrorResourceInitFailed();
    failure.setId(error.id);
    failure.setProperties(error.properties);
    failure.setReasonsList([error.message]);
    const detail = new any.Any();
    detail.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const message = new status.Status();
    message.setCode(grpc.status.UNKNOWN);
    message.setMessage(error.message);
    message.addDetails(detail);
    const metadata = new grpc.Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(message.serializeBinary()));
    return { ...plain, metadata };
}
