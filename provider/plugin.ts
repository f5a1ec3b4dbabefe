import grpc from "@grpc/grpc-js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { ProviderService } from "./service/service.ts";

/** Time that a cancelled operation has to finish or to take back its change: less than the 5 s that an engine waits. */
const LAST_SECONDS_MS = 4_500;
const PARENT_POLL_MS = 500;
/** No limit: a file's text travels in one message. */
const ANY_SIZE = -1;

/**
 * The plugin as a process: serves the provider on a free port of the loopback, prints the port as its first line, and
 * ends with the engine that started it. The engine's address is the one argument; without one, the engine attaches.
 */
async function main(engineAddress: string | undefined): Promise<void> {
    const service = new ProviderService();
    if (engineAddress !== undefined) service.connectEngine(engineAddress);
    const server = new grpc.Server({
        "grpc.max_receive_message_length": ANY_SIZE,
        "grpc.max_send_message_length": ANY_SIZE,
    });
    server.addService(providerService.ResourceProviderService, service.methods());
    const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
            error ? reject(error) : resolve(bound),
        );
    });
    process.stdout.write(`${port}\n`);
    endWith(process.ppid, service, server);
}

/** Ends the process when it gets a signal or when its parent is gone. Operations finish or are taken back first. */
function endWith(parent: number, service: ProviderService, server: grpc.Server): void {
    const end = () => {
        service.operations.cancel();
        setTimeout(() => process.exit(1), LAST_SECONDS_MS).unref();
        // The answers of the last operations must still reach the engine.
        void service.operations.idle().then(() => server.tryShutdown(() => process.exit(0)));
    };
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
    // Writing to an engine that is gone must not end the process: this and the check below notice it.
    process.stdout.on("error", () => undefined);
    const watch = setInterval(() => {
        if (process.ppid === parent) return;
        clearInterval(watch);
        end();
    }, PARENT_POLL_MS);
}

await main(process.argv[2]);
