import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import pluginInfo from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

type Json = Record<string, unknown>;
type Struct = InstanceType<typeof structProto.Struct>;

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The world the plugin manages: a directory with one JSON file for each thing. */
const world = process.env.ENGINETEST_WORLD!;
mkdirSync(join(world, "things"), { recursive: true });

let prefix = "";

/** Every call is noted, so that tests can see the order of operations. */
function note(call: string, urn: string, more: Json = {}): void {
    const name = urn.split("::").at(-1);
    appendFileSync(join(world, "calls.jsonl"), `${JSON.stringify({ call, name, pid: process.pid, ...more })}\n`);
}

function read(struct: Struct | undefined): Json {
    return (struct?.toJavaScript() ?? {}) as Json;
}

function write(json: Json): Struct {
    return structProto.Struct.fromJavaScript(json as Parameters<typeof structProto.Struct.fromJavaScript>[0]);
}

function isSecret(value: unknown): value is Json {
    return typeof value === "object" && value !== null && SIGNATURE_KEY in value;
}

function clear(value: unknown): unknown {
    return isSecret(value) ? clear(value.value) : value;
}

const fileOf = (id: string) => join(world, "things", `${id}.json`);
const nameOf = (urn: string) => urn.split("::").at(-1)!;

/** Answers as the real thing would: inputs, and what only the world can tell. */
function outputsOf(inputs: Json, id: string): Json {
    const shout = String(clear(inputs.value) ?? "").toUpperCase();
    return { ...inputs, serial: id, shout: isSecret(inputs.value) ? { [SIGNATURE_KEY]: SECRET, value: shout } : shout };
}

function failWhenAsked(inputs: Json): void {
    if (clear(inputs.fail) === true) throw new Error("the thing refused to be made");
}

/** Waits until the test puts the file there, or until the engine cancels. */
function gate(inputs: Json): Promise<void> {
    const file = clear(inputs.waitFor);
    if (typeof file !== "string") return Promise.resolve();
    return new Promise((resolve, reject) => {
        const timer = setInterval(() => {
            if (cancelled) reject(new Error("cancelled while waiting"));
            else if (existsSync(file)) resolve();
            else return;
            clearInterval(timer);
        }, 20);
    });
}

let cancelled = false;
let running = 0;
let mostRunning = 0;

async function busy<T>(task: () => Promise<T>): Promise<T> {
    running++;
    mostRunning = Math.max(mostRunning, running);
    writeFileSync(join(world, "parallel"), String(mostRunning));
    try {
        return await task();
    } finally {
        running--;
    }
}

function initFailure(id: string, outputs: Json): Error {
    const failure = new messages.ErrorResourceInitFailed();
    failure.setId(id);
    failure.setProperties(write(outputs));
    failure.setReasonsList(["it did not become ready"]);
    const detail = new any.Any();
    detail.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const rich = new status.Status();
    rich.setCode(grpc.status.UNKNOWN);
    rich.setMessage("it did not become ready");
    rich.addDetails(detail);
    const metadata = new grpc.Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
    return Object.assign(new Error("it did not become ready"), {
        code: grpc.status.UNKNOWN,
        details: "it did not become ready",
        metadata,
    });
}

function answer<Request, Response>(
    method: (request: Request) => Promise<Response> | Response,
): grpc.handleUnaryCall<Request, Response> {
    return (request, callback) => {
        Promise.resolve()
            .then(() => method(request.request))
            .then(
                response => callback(null, response),
                error => callback("metadata" in error ? error : { code: grpc.status.UNKNOWN, details: error.message }),
            );
    };
}

/** Inputs whose change makes a new thing. */
const REPLACING = ["kind", "fresh"];

const implementation: Record<string, grpc.UntypedHandleCall> = {
    handshake: answer(() => {
        const response = new messages.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        response.setAcceptResources(true);
        return response;
    }),
    checkConfig: answer((request: InstanceType<typeof messages.CheckRequest>) => {
        const response = new messages.CheckResponse();
        response.setInputs(request.getNews());
        return response;
    }),
    diffConfig: answer((request: InstanceType<typeof messages.DiffRequest>) => {
        const olds = read(request.getOldInputs());
        const news = read(request.getNews());
        const response = new messages.DiffResponse();
        const changed = Object.keys({ ...olds, ...news }).filter(
            key => JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
        );
        response.setChanges(changed.length > 0 ? 2 : 1);
        response.setDiffsList(changed);
        if (changed.includes("region")) response.setReplacesList(["region"]);
        return response;
    }),
    configure: answer((request: InstanceType<typeof messages.ConfigureRequest>) => {
        const args = read(request.getArgs());
        prefix = String(clear(args.prefix) ?? "");
        note("configure", request.getUrn() ?? "", { args });
        const response = new messages.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setSupportspreview(true);
        return response;
    }),
    check: answer((request: InstanceType<typeof messages.CheckRequest>) => {
        const news = read(request.getNews());
        note("check", request.getUrn());
        const response = new messages.CheckResponse();
        const olds = read(request.getOlds());
        response.setInputs(write({ ...news, label: olds.label ?? `${prefix}${nameOf(request.getUrn())}` }));
        if (news.value === "invalid") {
            const failure = new messages.CheckFailure();
            failure.setReason("value must not be invalid");
            response.addFailures(failure);
        }
        return response;
    }),
    diff: answer((request: InstanceType<typeof messages.DiffRequest>) => {
        const olds = read(request.getOldInputs());
        const news = read(request.getNews());
        const keys = Object.keys({ ...olds, ...news }).filter(
            key => JSON.stringify(clear(olds[key])) !== JSON.stringify(clear(news[key])),
        );
        const changed = keys.filter(key => !["waitFor", "label"].includes(key));
        const response = new messages.DiffResponse();
        response.setChanges(changed.length > 0 ? 2 : 1);
        response.setDiffsList(changed);
        response.setHasdetaileddiff(true);
        for (const key of changed) {
            const change = new messages.PropertyDiff();
            const kind = !(key in olds) ? 0 : !(key in news) ? 2 : 4;
            change.setKind((REPLACING.includes(key) ? kind + 1 : kind) as 0);
            change.setInputdiff(true);
            response.getDetaileddiffMap().set(key, change);
        }
        response.setReplacesList(changed.filter(key => REPLACING.includes(key)));
        response.setDeletebeforereplace(changed.includes("kind"));
        return response;
    }),
    create: answer((request: InstanceType<typeof messages.CreateRequest>) =>
        busy(async () => {
            const inputs = read(request.getProperties());
            const response = new messages.CreateResponse();
            if (request.getPreview()) {
                response.setProperties(write({ ...inputs, serial: UNKNOWN }));
                return response;
            }
            note("create", request.getUrn(), { timeout: request.getTimeout() });
            await gate(inputs);
            failWhenAsked(inputs);
            const id = `${nameOf(request.getUrn())}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
            writeFileSync(fileOf(id), JSON.stringify(inputs));
            const outputs = outputsOf(inputs, id);
            if (clear(inputs.halfMade) === true) throw initFailure(id, outputs);
            note("created", request.getUrn());
            response.setId(id);
            response.setProperties(write(outputs));
            return response;
        }),
    ),
    read: answer((request: InstanceType<typeof messages.ReadRequest>) => {
        note("read", request.getUrn());
        const response = new messages.ReadResponse();
        const file = fileOf(request.getId());
        if (!existsSync(file)) return response;
        const found = JSON.parse(readFileSync(file, "utf8"));
        response.setId(request.getId());
        response.setInputs(write(found));
        response.setProperties(write(outputsOf(found, request.getId())));
        return response;
    }),
    update: answer((request: InstanceType<typeof messages.UpdateRequest>) =>
        busy(async () => {
            const news = read(request.getNews());
            const response = new messages.UpdateResponse();
            response.setProperties(write(outputsOf(news, request.getId())));
            if (request.getPreview()) return response;
            note("update", request.getUrn());
            await gate(news);
            failWhenAsked(news);
            writeFileSync(fileOf(request.getId()), JSON.stringify(news));
            note("updated", request.getUrn());
            return response;
        }),
    ),
    delete: answer((request: InstanceType<typeof messages.DeleteRequest>) =>
        busy(async () => {
            note("delete", request.getUrn());
            if (clear(read(request.getOldInputs()).sticky) === true) throw new Error("the thing cannot be deleted");
            rmSync(fileOf(request.getId()), { force: true });
            note("deleted", request.getUrn());
            return new empty.Empty();
        }),
    ),
    cancel: answer(() => {
        cancelled = true;
        note("cancel", "engine::cancel");
        return new empty.Empty();
    }),
    getPluginInfo: answer(() => new pluginInfo.PluginInfo()),
};

const server = new grpc.Server();
server.addService(services.ResourceProviderService as unknown as grpc.ServiceDefinition, implementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
});
process.on("SIGINT", () => process.exit(0));
process.stdin.on("end", () => process.exit(0)).resume();
