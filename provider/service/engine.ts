import grpc from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { OperationContext } from "../host/operationContext.ts";

const SEVERITY = {
    debug: engine.LogSeverity.DEBUG,
    info: engine.LogSeverity.INFO,
    warning: engine.LogSeverity.WARNING,
    error: engine.LogSeverity.ERROR,
} as const;

/** The engine that started the plugin: the only way to show a message, since a plugin's own output is hidden. */
export class Engine {
    #client: engineService.EngineClient | undefined;
    readonly #sending = new Set<Promise<void>>();

    connect(address: string): void {
        this.#client = new engineService.EngineClient(address, grpc.credentials.createInsecure());
    }

    log(urn: string, severity: Parameters<OperationContext["log"]>[0], message: string): void {
        const request = new engine.LogRequest();
        request.setSeverity(SEVERITY[severity]);
        request.setMessage(message);
        request.setUrn(urn);
        const client = this.#client;
        if (client === undefined) return;
        // A message that cannot be shown must not fail a step.
        const sending = new Promise<void>(resolve => client.log(request, () => resolve()));
        this.#sending.add(sending);
        void sending.then(() => this.#sending.delete(sending));
    }

    /** Resolves when the engine has received every message: it does not show one that comes after its step. */
    async flush(): Promise<void> {
        await Promise.all(this.#sending);
    }
}
