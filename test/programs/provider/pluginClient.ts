import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engine from "@pulumi/pulumi/proto/engine_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";

export const EXECUTABLE = fileURLToPath(new URL("../../../provider/pulumi-resource-clearpath", import.meta.url));

type Values = Record<string, unknown>;

export interface PluginState {
    id: string;
    inputs: Values;
    properties: Values;
}

function structOf(values: Values): struct.Struct {
    return struct.Struct.fromJavaScript(values as Record<string, struct.JavaScriptValue>);
}

/** Speaks to a plugin process as an engine does, values in Pulumi's wire form. */
export class PluginClient {
    readonly process: ChildProcess;
    readonly client: InstanceType<typeof providerService.ResourceProviderClient>;
    /** Messages the plugin had shown. */
    readonly messages: string[];
    readonly #engine: grpc.Server;

    private constructor(process: ChildProcess, port: string, engine: grpc.Server, messages: string[]) {
        this.process = process;
        this.client = new providerService.ResourceProviderClient(
            `127.0.0.1:${port}`,
            grpc.credentials.createInsecure(),
        );
        this.#engine = engine;
        this.messages = messages;
    }

    static async start(): Promise<PluginClient> {
        const messages: string[] = [];
        const engine = new grpc.Server();
        engine.addService(engineService.EngineService, {
            log: (call: { request: engine.LogRequest }, callback: grpc.sendUnaryData<empty.Empty>) => {
                messages.push(call.request.getMessage());
                callback(null, new empty.Empty());
            },
        } as unknown as engineService.IEngineServer);
        const enginePort = await new Promise<number>((resolve, reject) => {
            engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
                error ? reject(error) : resolve(port),
            );
        });
        const child = spawn(EXECUTABLE, [`127.0.0.1:${enginePort}`], { stdio: ["pipe", "pipe", "inherit"] });
        const [line] = (await once(createInterface(child.stdout), "line")) as [string];
        return new PluginClient(child, line, engine, messages);
    }

    /** Ends the plugin as an engine does, and waits for it. */
    async stop(): Promise<number | null> {
        const exited = once(this.process, "exit");
        await this.call((done: grpc.requestCallback<empty.Empty>) => this.client.cancel(new empty.Empty(), done));
        this.process.kill("SIGINT");
        const [code] = (await exited) as [number | null];
        this.client.close();
        this.#engine.forceShutdown();
        return code;
    }

    call<Response>(send: (callback: grpc.requestCallback<Response>) => unknown): Promise<Response> {
        return new Promise((resolve, reject) => {
            send((error, response) => (error ? reject(new Error(error.details)) : resolve(response!)));
        });
    }

    /** Gives the plugin its configuration: values as text, as in a stack's file. */
    async configure(args: Values): Promise<void> {
        const request = new rpc.ConfigureRequest();
        request.setArgs(structOf(args));
        await this.call<rpc.ConfigureResponse>(done => this.client.configure(request, done));
    }

    async check(
        urn: string,
        news: Values,
    ): Promise<{ inputs: Values; failures: { property: string; reason: string }[] }> {
        const request = new rpc.CheckRequest();
        request.setUrn(urn);
        request.setNews(structOf(news));
        const response = await this.call<rpc.CheckResponse>(done => this.client.check(request, done));
        const failures = response.getFailuresList().map(failure => failure.toObject());
        return { inputs: response.getInputs()!.toJavaScript(), failures };
    }

    async diff(urn: string, state: PluginState, news: Values): Promise<rpc.DiffResponse.AsObject> {
        const request = new rpc.DiffRequest();
        request.setUrn(urn);
        request.setId(state.id);
        request.setOldInputs(structOf(state.inputs));
        request.setOlds(structOf(state.properties));
        request.setNews(structOf(news));
        return (await this.call<rpc.DiffResponse>(done => this.client.diff(request, done))).toObject();
    }

    async create(
        urn: string,
        inputs: Values,
        options: { preview?: boolean; timeout?: number } = {},
    ): Promise<PluginState> {
        const request = new rpc.CreateRequest();
        request.setUrn(urn);
        request.setProperties(structOf(inputs));
        request.setPreview(options.preview ?? false);
        request.setTimeout(options.timeout ?? 0);
        const response = await this.call<rpc.CreateResponse>(done => this.client.create(request, done));
        return { id: response.getId(), inputs, properties: response.getProperties()!.toJavaScript() };
    }

    /** What is on the host, or undefined when it is gone. With no state, it is read by its id as an import does. */
    async read(urn: string, state: Pick<PluginState, "id"> & Partial<PluginState>): Promise<PluginState | undefined> {
        const request = new rpc.ReadRequest();
        request.setUrn(urn);
        request.setId(state.id);
        if (state.inputs) request.setInputs(structOf(state.inputs));
        if (state.properties) request.setProperties(structOf(state.properties));
        const response = await this.call<rpc.ReadResponse>(done => this.client.read(request, done));
        if (response.getId() === "") return undefined;
        return {
            id: response.getId(),
            inputs: response.getInputs()!.toJavaScript(),
            properties: response.getProperties()!.toJavaScript(),
        };
    }

    async update(
        urn: string,
        state: PluginState,
        news: Values,
        options: { preview?: boolean } = {},
    ): Promise<PluginState> {
        const request = new rpc.UpdateRequest();
        request.setUrn(urn);
        request.setId(state.id);
        request.setOldInputs(structOf(state.inputs));
        request.setOlds(structOf(state.properties));
        request.setNews(structOf(news));
        request.setPreview(options.preview ?? false);
        const response = await this.call<rpc.UpdateResponse>(done => this.client.update(request, done));
        return { id: state.id, inputs: news, properties: response.getProperties()!.toJavaScript() };
    }

    async delete(urn: string, state: PluginState): Promise<void> {
        const request = new rpc.DeleteRequest();
        request.setUrn(urn);
        request.setId(state.id);
        request.setOldInputs(structOf(state.inputs));
        request.setProperties(structOf(state.properties));
        await this.call<empty.Empty>(done => this.client.delete(request, done));
    }
}
