import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Severity } from "./events.ts";
import { CHANNEL_OPTIONS, handler, serve } from "./rpc.ts";
import { Unsupported } from "./unsupported.ts";

const SEVERITIES: Severity[] = ["debug", "info", "warning", "error"];

/**
 * Serves Pulumi's `Engine` on loopback: programs, plugins and policy packs tell their messages through it, and the
 * program keeps the URN of its stack there.
 */
export async function serveEngine(
    tell: (severity: Severity, message: string, urn: string) => void,
): Promise<{ address: string; close: () => void }> {
    let root = "";
    const server = new grpc.Server(CHANNEL_OPTIONS);
    server.addService(services.EngineService, {
        log: handler<InstanceType<typeof messages.LogRequest>, InstanceType<typeof empty.Empty>>(request => {
            const severity = SEVERITIES[request.getSeverity()] ?? "info";
            if (severity !== "debug" && !request.getEphemeral()) {
                tell(severity, request.getMessage().trimEnd(), request.getUrn());
            }
            return new empty.Empty();
        }),
        getRootResource: handler<unknown, InstanceType<typeof messages.GetRootResourceResponse>>(() => {
            const response = new messages.GetRootResourceResponse();
            response.setUrn(root);
            return response;
        }),
        setRootResource: handler<
            InstanceType<typeof messages.SetRootResourceRequest>,
            InstanceType<typeof messages.SetRootResourceResponse>
        >(request => {
            root = request.getUrn();
            return new messages.SetRootResourceResponse();
        }),
        startDebugging: handler<unknown, InstanceType<typeof empty.Empty>>(() => {
            throw new Unsupported("an attached debugger", "The program");
        }),
        requirePulumiVersion: handler<unknown, unknown>(() => {
            throw new Unsupported("requirePulumiVersion", "The program");
        }),
    });
    return serve(server);
}
