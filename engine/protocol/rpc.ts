import grpc from "@grpc/grpc-js";
import { Unsupported } from "./unsupported.ts";

/** Large states travel in one message; Pulumi's own limit. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export const CHANNEL_OPTIONS: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

type Method<Request, Response> = (
    request: Request,
    metadata: grpc.Metadata,
    options: Partial<grpc.CallOptions>,
    callback: (error: grpc.ServiceError | null, response: Response) => void,
) => grpc.ClientUnaryCall;

/** Calls one method of a client. A failed call throws the `ServiceError` of gRPC. */
export function call<Request, Response>(
    client: grpc.Client,
    method: Method<Request, Response>,
    request: Request,
    options: Partial<grpc.CallOptions> = {},
): Promise<Response> {
    return new Promise((resolve, reject) => {
        method.call(client, request, new grpc.Metadata(), options, (error, response) => {
            if (error) reject(error);
            else resolve(response);
        });
    });
}

export function isServiceError(error: unknown): error is grpc.ServiceError {
    return error instanceof Error && "code" in error && "details" in error;
}

/** Whether the other side does not have the method that was called. */
export function isUnimplemented(error: unknown): boolean {
    return isServiceError(error) && error.code === grpc.status.UNIMPLEMENTED;
}

/** Whether the other side is gone, or went while it was asked. */
export function isUnavailable(error: unknown): boolean {
    return isServiceError(error) && error.code === grpc.status.UNAVAILABLE;
}

/** What an error says, without gRPC's code in front. */
export function messageOf(error: unknown): string {
    if (isServiceError(error)) return error.details || error.message;
    return error instanceof Error ? error.message : String(error);
}

/** A method of ours as gRPC wants it; an error becomes the status `UNKNOWN` with its sentence, or the status it carries. */
export function handler<Request, Response>(
    answer: (request: Request) => Promise<Response> | Response,
): grpc.handleUnaryCall<Request, Response> {
    return (request, callback) => {
        Promise.resolve()
            .then(() => answer(request.request))
            .then(
                response => callback(null, response),
                error =>
                    callback({
                        code: isServiceError(error) ? error.code : grpc.status.UNKNOWN,
                        details: messageOf(error),
                    }),
            );
    };
}

/** A method that the embedded engine does not serve. `feature` is called with a sentence's middle, e.g. "reading resources". */
export function refusal<Request, Response>(
    feature: string,
    onRefused: (error: Unsupported) => void,
): grpc.handleUnaryCall<Request, Response> {
    return handler(() => {
        const error = new Unsupported(feature, "The program");
        onRefused(error);
        throw error;
    });
}

/** The error that tells a program that the engine stopped: its SDK then ends quietly. */
export function unavailable(sentence: string): Partial<grpc.StatusObject> & Error {
    return Object.assign(new Error(sentence), { code: grpc.status.UNAVAILABLE, details: sentence });
}

/** Serves on a free port of loopback. Returns the address and what ends it. */
export async function serve(server: grpc.Server): Promise<{ address: string; close: () => void }> {
    const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
            if (error) reject(error);
            else resolve(bound);
        });
    });
    return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}
