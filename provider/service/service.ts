import grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { hasUnseenEnd } from "../host/hostError.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { kinds } from "../kinds.ts";
import type { AnyResourceKind } from "../resource.ts";
import { version } from "../version.ts";
import { checkInputs } from "./check.ts";
import { configurationFrom } from "./configuration.ts";
import { type Difference, differences } from "./diff.ts";
import { Engine } from "./engine.ts";
import { HalfMade, statusOf } from "./halfMade.ts";
import {
    foundUnfinished,
    importedState,
    isNobodys,
    isUnfinished,
    previewed,
    secretPaths,
    shown,
    stateOf,
} from "./lifecycle.ts";
import { Operations } from "./operations.ts";
import { packageSchema } from "./packageSchema.ts";
import { decode, encode, type Properties } from "./values.ts";

/** The `pulumirpc.ResourceProvider` service (proto/pulumi/provider.proto) over Clearpath's resource types. */
export class ProviderService {
    readonly #engine = new Engine();
    readonly operations = new Operations(this.#engine);
    #configuration = configurationFrom({});

    /** Shows messages through the engine at this address. */
    connectEngine(address: string): void {
        this.#engine.connect(address);
    }

    /** The methods to serve. Missing methods answer UNIMPLEMENTED, which the engine reads as "not supported". */
    methods(): IResourceProviderServer {
        const methods = {
            handshake: unary((request: rpc.ProviderHandshakeRequest) => this.#handshake(request)),
            attach: unary((request: plugin.PluginAttach) => {
                this.connectEngine(request.getAddress());
                return new empty.Empty();
            }),
            getPluginInfo: unary(() => {
                const info = new plugin.PluginInfo();
                info.setVersion(version);
                return info;
            }),
            getSchema: unary(() => {
                const response = new rpc.GetSchemaResponse();
                response.setSchema(JSON.stringify(packageSchema(kinds)));
                return response;
            }),
            checkConfig: unary((request: rpc.CheckRequest) => {
                const response = new rpc.CheckResponse();
                response.setInputs(request.getNews());
                return response;
            }),
            diffConfig: unary(() => {
                const response = new rpc.DiffResponse();
                response.setChanges(rpc.DiffResponse.DiffChanges.DIFF_NONE);
                return response;
            }),
            configure: unary((request: rpc.ConfigureRequest) => this.#configure(request)),
            check: unary((request: rpc.CheckRequest) => this.#check(request)),
            diff: unary((request: rpc.DiffRequest) => this.#diff(request)),
            create: unary((request: rpc.CreateRequest) => this.#create(request)),
            read: unary((request: rpc.ReadRequest) => this.#read(request)),
            update: unary((request: rpc.UpdateRequest) => this.#update(request)),
            delete: unary((request: rpc.DeleteRequest) => this.#delete(request)),
            cancel: unary(() => {
                this.operations.cancel();
                return new empty.Empty();
            }),
            invoke: refused((request: rpc.InvokeRequest) => `a function ${request.getTok()}`),
            call: refused((request: rpc.CallRequest) => `a method ${request.getTok()}`),
            construct: refused((request: rpc.ConstructRequest) => `a remote component ${request.getType()}`),
            parameterize: refused(() => "parameters"),
        };
        return methods as unknown as IResourceProviderServer;
    }

    #handshake(request: rpc.ProviderHandshakeRequest): rpc.ProviderHandshakeResponse {
        if (request.getEngineAddress() !== "") this.connectEngine(request.getEngineAddress());
        const response = new rpc.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        return response;
    }

    #configure(request: rpc.ConfigureRequest): rpc.ConfigureResponse {
        this.#configuration = configurationFrom(decode(request.getArgs()).values);
        const response = new rpc.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setSupportspreview(true);
        return response;
    }

    #check(request: rpc.CheckRequest): rpc.CheckResponse {
        const kind = kindOf(request.getUrn());
        const { values, secrets } = decode(request.getNews());
        const { inputs, failures } = checkInputs(kind, values);
        const response = new rpc.CheckResponse();
        response.setInputs(encode(inputs, secretPaths(kind, { values: inputs, secrets })));
        for (const reason of failures) {
            // A failure that names its property makes the CLI print the property's value, secret or not.
            const failure = new rpc.CheckFailure();
            failure.setReason(reason);
            response.addFailures(failure);
        }
        return response;
    }

    #diff(request: rpc.DiffRequest): rpc.DiffResponse {
        const kind = kindOf(request.getUrn());
        const olds = stateOf(kind, decode(request.getOldInputs()).values, decode(request.getOlds()).values);
        const found = differences(kind, olds, decode(request.getNews()).values);
        const response = new rpc.DiffResponse();
        const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
        response.setChanges(found.length === 0 ? DIFF_NONE : DIFF_SOME);
        response.setStablesList([...(kind.stableOutputs ?? [])]);
        response.setDiffsList([...new Set(found.map(({ property }) => property))]);
        response.setReplacesList([...new Set(found.filter(({ replace }) => replace).map(({ property }) => property))]);
        response.setDeletebeforereplace(true);
        response.setHasdetaileddiff(true);
        for (const difference of found) response.getDetaileddiffMap().set(difference.path, propertyDiff(difference));
        return response;
    }

    async #create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
        const kind = kindOf(request.getUrn());
        const { values: inputs, secrets } = decode(request.getProperties());
        const response = new rpc.CreateResponse();
        const answer = (properties: Properties) =>
            response.setProperties(encode(properties, secretPaths(kind, { values: properties, secrets })));
        if (request.getPreview()) {
            answer(previewed(kind, inputs));
            return response;
        }
        const { id, outputs } = await this.operations
            .run(request.getUrn(), request.getTimeout(), context => kind.create(context, inputs))
            .catch(error => {
                if (kind.idOf === undefined || !hasUnseenEnd(error)) throw error;
                answer(shown(inputs, {}));
                throw new HalfMade(error.message, kind.idOf(inputs), response.getProperties()!);
            });
        response.setId(id);
        answer(shown(inputs, outputs));
        return response;
    }

    async #read(request: rpc.ReadRequest): Promise<rpc.ReadResponse> {
        const kind = kindOf(request.getUrn());
        const inputs = decode(request.getInputs());
        const properties = decode(request.getProperties());
        const known =
            kind.inputs.shape.connection !== undefined && inputs.values.connection === undefined
                ? importedState(kind, request.getId(), this.#configuration)
                : stateOf(kind, inputs.values, properties.values);
        const state = await this.operations.run(request.getUrn(), 0, context =>
            isUnfinished(kind, known)
                ? foundUnfinished(kind, context, request.getId(), known)
                : kind.read(context, request.getId(), known),
        );
        const response = new rpc.ReadResponse();
        const isGone = state === undefined || isNobodys(state);
        if (isGone) return response;
        const values = { ...state.inputs, ...state.outputs };
        const secrets = secretPaths(kind, { values, secrets: new Set([...inputs.secrets, ...properties.secrets]) });
        response.setId(request.getId());
        response.setInputs(encode(state.inputs, secrets));
        response.setProperties(encode(shown(state.inputs, state.outputs), secrets));
        return response;
    }

    async #update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
        const kind = kindOf(request.getUrn());
        const { values: inputs, secrets } = decode(request.getNews());
        const olds = stateOf(kind, decode(request.getOldInputs()).values, decode(request.getOlds()).values);
        const unfinished = isUnfinished(kind, olds);
        const change = async (context: OperationContext) =>
            unfinished
                ? (await kind.create(context, inputs)).outputs
                : kind.update(context, request.getId(), olds, inputs);
        const properties = request.getPreview()
            ? previewed(kind, inputs, unfinished ? {} : olds.outputs)
            : shown(inputs, await this.operations.run(request.getUrn(), request.getTimeout(), change));
        const response = new rpc.UpdateResponse();
        response.setProperties(encode(properties, secretPaths(kind, { values: properties, secrets })));
        return response;
    }

    async #delete(request: rpc.DeleteRequest): Promise<empty.Empty> {
        const kind = kindOf(request.getUrn());
        const state = stateOf(kind, decode(request.getOldInputs()).values, decode(request.getProperties()).values);
        await this.operations.run(request.getUrn(), request.getTimeout(), async context => {
            const id = request.getId();
            const { outputs } = isUnfinished(kind, state) ? await foundUnfinished(kind, context, id, state) : state;
            // As the program asked for it: the host may have only a part of an unfinished one.
            await kind.delete(context, id, { inputs: state.inputs, outputs });
        });
        return new empty.Empty();
    }
}

/** The resource type in a URN such as `urn:pulumi:dev::clearpath::parent:Type$clearpath:host:File::name`. */
function kindOf(urn: string): AnyResourceKind {
    const token = urn.split("::")[2]?.split("$").at(-1);
    const kind = kinds.find(candidate => candidate.token === token);
    if (kind !== undefined) return kind;
    const known = kinds.map(candidate => candidate.token).join(", ");
    throw new Error(`Clearpath ${version} has no resource type ${token}. It has ${known}.`);
}

function propertyDiff({ kind, replace, isInput }: Difference): rpc.PropertyDiff {
    const { Kind } = rpc.PropertyDiff;
    const plain = { add: Kind.ADD, delete: Kind.DELETE, update: Kind.UPDATE };
    const replacing = { add: Kind.ADD_REPLACE, delete: Kind.DELETE_REPLACE, update: Kind.UPDATE_REPLACE };
    const diff = new rpc.PropertyDiff();
    diff.setKind((replace ? replacing : plain)[kind]);
    diff.setInputdiff(isInput);
    return diff;
}

/** A method that answers with what `handle` returns, and fails with its message. */
function unary<Request, Response>(
    handle: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        Promise.resolve()
            .then(() => handle(call.request))
            .then(response => callback(null, response))
            .catch((error: Error) => callback(statusOf(error)));
    };
}

function refused<Request>(what: (request: Request) => string): grpc.handleUnaryCall<Request, empty.Empty> {
    return (call, callback) =>
        callback({ code: grpc.status.UNIMPLEMENTED, details: `Clearpath does not have ${what(call.request)}.` });
}
