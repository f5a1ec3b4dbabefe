import grpc from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { OperationContext } from "../resource.ts";

const SEVERITY = {
    debug: engine.LogSeverity.DEBUG,
    info: engine.LogSeverity.INFO,
    warning: engine.LogSeverity.WARNING,
    error: engine.LogSeverity.ERROR,
} as const;

/** The engine that started the plugin: the only way to show a message, since a plugin's own output is hidden. */
export class Engine {
    #client: engineService.EngineClient | undefined;

    connect(address: string): void {
        this.#client = new engineService.EngineClient(address, grpc.credentials.createInsecure());
    }

    log(urn: string, severity: Parameters<OperationContext["log"]>[0], message: string): void {
        const request = new engine.LogRequest();
        request.setSeverity(SEVERITY[severity]);
        request.setMessage(message);
        request.setUrn(urn);
        // A message that cannot be shown is no reason to fail a step.
        this.#client?.log(request, () => undefined);
    }
}
