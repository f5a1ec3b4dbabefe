import { dirname } from "node:path";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { type ChangeKind, type Diff, NO_DIFF } from "../protocol/diff.ts";
import { initFailureOf } from "../protocol/initFailure.ts";
import { CHANNEL_OPTIONS, call, isUnimplemented } from "../protocol/rpc.ts";
import { nameOf, packageOf, typeOf } from "../protocol/urn.ts";
import { containsUnknown, markSecretsLike, type PropertyMap, withoutSecrets } from "../protocol/values.ts";
import { fromStruct, toStruct, type WireOptions } from "../protocol/wire.ts";
import { type RunningProcess, startPlugin } from "./childProcess.ts";

export interface CheckFailure {
    property: string;
    reason: string;
}

export interface Checked {
    inputs: PropertyMap;
    failures: CheckFailure[];
}

/** What the plugin says about a resource it made, changed or read. */
export interface Made {
    id: string;
    outputs: PropertyMap;
    /** Only from a read: the inputs as they are on the host; undefined when the plugin does not tell. */
    inputs: PropertyMap | undefined;
}

/** How to start a plugin and what it may ask the engine. */
export interface PluginSettings {
    executable: string;
    engineAddress: string;
    /** Working directory: the program's. */
    directory: string;
    env: NodeJS.ProcessEnv;
    preview: boolean;
}

const CHANGE_KINDS: ChangeKind[] = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];
const PLAIN: WireOptions = { unknowns: true, secrets: false, references: false };

function diffOf(response: InstanceType<typeof messages.DiffResponse>): Diff {
    const detailed: Record<string, ChangeKind> = {};
    response.getDetaileddiffMap().forEach((change, path) => {
        detailed[path] = CHANGE_KINDS[change.getKind()] ?? "update";
    });
    const changes = (["unknown", "none", "some"] as const)[response.getChanges()] ?? "unknown";
    return {
        changes,
        replaces: response.getReplacesList(),
        changed: response.getDiffsList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
        detailed: response.getHasdetaileddiff() ? detailed : undefined,
    };
}

function failuresOf(response: InstanceType<typeof messages.CheckResponse>): CheckFailure[] {
    return response
        .getFailuresList()
        .map(failure => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

/** Fills in what every request about a resource has. */
function about<
    T extends { setUrn(urn: string): unknown; setName(name: string): unknown; setType(type: string): unknown },
>(request: T, urn: string): T {
    request.setUrn(urn);
    request.setName(nameOf(urn));
    request.setType(typeOf(urn));
    return request;
}

/** One running resource plugin, configured for one provider resource. */
export class Plugin {
    readonly #process: RunningProcess;
    readonly #client: InstanceType<typeof services.ResourceProviderClient>;
    readonly #preview: boolean;
    #wire: WireOptions = { unknowns: false, secrets: false, references: false };
    #previews = true;
    #handshaken = false;
    /** False when a part of the configuration is only known after the update. */
    #configKnown = true;

    private constructor(running: RunningProcess & { port: number }, preview: boolean) {
        this.#process = running;
        this.#preview = preview;
        this.#client = new services.ResourceProviderClient(
            `127.0.0.1:${running.port}`,
            grpc.credentials.createInsecure(),
            CHANNEL_OPTIONS,
        );
    }

    /** Starts the executable and shakes hands. Throws with what it wrote when it does not come up. */
    static async start(settings: PluginSettings): Promise<Plugin> {
        const { executable, engineAddress, directory, env, preview } = settings;
        const running = await startPlugin(executable, [engineAddress], { cwd: directory, env });
        const plugin = new Plugin(running, preview);
        try {
            await plugin.#handshake(engineAddress, dirname(executable));
        } catch (error) {
            await plugin.stop();
            throw error;
        }
        return plugin;
    }

    async #handshake(engineAddress: string, directory: string): Promise<void> {
        const request = new messages.ProviderHandshakeRequest();
        request.setEngineAddress(engineAddress);
        request.setRootDirectory(directory);
        request.setProgramDirectory(directory);
        request.setConfigureWithUrn(true);
        try {
            const response = await call(this.#client, this.#client.handshake, request);
            this.#wire = {
                unknowns: false,
                secrets: response.getAcceptSecrets(),
                references: response.getAcceptResources(),
            };
            this.#handshaken = true;
        } catch (error) {
            if (!isUnimplemented(error)) throw error;
        }
    }

    async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<Checked> {
        const request = about(new messages.CheckRequest(), urn);
        request.setOlds(toStruct(olds, PLAIN));
        request.setNews(toStruct(news, PLAIN));
        try {
            const response = await call(this.#client, this.#client.checkConfig, request);
            return { inputs: markSecretsLike(fromStruct(response.getInputs()), news), failures: failuresOf(response) };
        } catch (error) {
            if (isUnimplemented(error)) return { inputs: news, failures: [] };
            throw error;
        }
    }

    async diffConfig(
        urn: string,
        oldInputs: PropertyMap,
        oldOutputs: PropertyMap,
        newInputs: PropertyMap,
    ): Promise<Diff> {
        const request = about(new messages.DiffRequest(), urn);
        request.setOldInputs(toStruct(oldInputs, PLAIN));
        request.setOlds(toStruct(oldOutputs, PLAIN));
        request.setNews(toStruct(newInputs, PLAIN));
        try {
            return diffOf(await call(this.#client, this.#client.diffConfig, request));
        } catch (error) {
            if (isUnimplemented(error)) return { ...NO_DIFF, changes: "unknown" };
            throw error;
        }
    }

    async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
        this.#configKnown = !containsUnknown(inputs);
        if (!this.#configKnown) return;
        const request = about(new messages.ConfigureRequest(), urn);
        request.setId(id);
        request.setAcceptsecrets(true);
        request.setAcceptresources(true);
        request.setSendsOldInputs(true);
        request.setSendsOldInputsToDelete(true);
        request.setArgs(toStruct(inputs, { unknowns: true, secrets: true, references: true }));
        for (const [key, value] of Object.entries(inputs)) {
            if (key === "version") continue;
            const clear = withoutSecrets(value);
            const text = typeof clear === "string" ? clear : JSON.stringify(clear);
            request.getVariablesMap().set(`${packageOf(typeOf(urn))}:config:${key}`, text);
        }
        const response = await call(this.#client, this.#client.configure, request);
        if (this.#handshaken) return;
        this.#wire = {
            unknowns: false,
            secrets: response.getAcceptsecrets(),
            references: response.getAcceptresources(),
        };
        this.#previews = response.getSupportspreview();
    }

    /** Keeps secrets secret where the plugin could not be told which values are. */
    #marked(values: PropertyMap, source: PropertyMap): PropertyMap {
        return this.#wire.secrets ? values : markSecretsLike(values, source);
    }

    async check(urn: string, olds: PropertyMap, news: PropertyMap, randomSeed: Uint8Array): Promise<Checked> {
        if (!this.#configKnown) return { inputs: news, failures: [] };
        const wire = { ...this.#wire, unknowns: this.#preview };
        const request = about(new messages.CheckRequest(), urn);
        request.setOlds(toStruct(olds, wire));
        request.setNews(toStruct(news, wire));
        request.setRandomseed(randomSeed);
        const response = await call(this.#client, this.#client.check, request);
        return { inputs: this.#marked(fromStruct(response.getInputs()), news), failures: failuresOf(response) };
    }

    /** `allowUnknowns` also holds outside of a preview, where it is asked what a dependency's replacement would mean. */
    async diff(
        urn: string,
        id: string,
        olds: { inputs: PropertyMap; outputs: PropertyMap },
        news: PropertyMap,
        ignoreChanges: string[],
        allowUnknowns: boolean,
    ): Promise<Diff> {
        if (!this.#configKnown) return { ...NO_DIFF, changes: "some" };
        const wire = { ...this.#wire, unknowns: allowUnknowns };
        const request = about(new messages.DiffRequest(), urn);
        request.setId(id);
        request.setOldInputs(toStruct(olds.inputs, wire));
        request.setOlds(toStruct(olds.outputs, wire));
        request.setNews(toStruct(news, wire));
        request.setIgnorechangesList(ignoreChanges);
        return diffOf(await call(this.#client, this.#client.diff, request));
    }

    async create(urn: string, inputs: PropertyMap, timeout: number): Promise<Made> {
        if (this.#preview && !this.#configKnown) return { id: "", outputs: {}, inputs: undefined };
        if (this.#preview && !this.#previews) return { id: "", outputs: inputs, inputs: undefined };
        const request = about(new messages.CreateRequest(), urn);
        request.setProperties(toStruct(inputs, { ...this.#wire, unknowns: this.#preview }));
        request.setTimeout(timeout);
        request.setPreview(this.#preview);
        try {
            const response = await call(this.#client, this.#client.create, request);
            const id = response.getId();
            if (id === "" && !this.#preview) throw new Error("The plugin returned no id from Create.");
            return { id, outputs: this.#marked(fromStruct(response.getProperties()), inputs), inputs: undefined };
        } catch (error) {
            throw initFailureOf(error, made => this.#marked(made, inputs));
        }
    }

    async update(
        urn: string,
        id: string,
        olds: { inputs: PropertyMap; outputs: PropertyMap },
        news: PropertyMap,
        timeout: number,
        ignoreChanges: string[],
    ): Promise<Made> {
        if (this.#preview && !this.#configKnown) return { id, outputs: {}, inputs: undefined };
        if (this.#preview && !this.#previews) return { id, outputs: news, inputs: undefined };
        const request = about(new messages.UpdateRequest(), urn);
        request.setId(id);
        request.setOldInputs(toStruct(olds.inputs, this.#wire));
        request.setOlds(toStruct(olds.outputs, this.#wire));
        request.setNews(toStruct(news, { ...this.#wire, unknowns: this.#preview }));
        request.setTimeout(timeout);
        request.setIgnorechangesList(ignoreChanges);
        request.setPreview(this.#preview);
        try {
            const response = await call(this.#client, this.#client.update, request);
            return { id, outputs: this.#marked(fromStruct(response.getProperties()), news), inputs: undefined };
        } catch (error) {
            throw initFailureOf(error, made => this.#marked(made, news));
        }
    }

    /** The resource as it is now; an empty id means that it is gone. */
    async read(
        urn: string,
        id: string,
        olds: { inputs: PropertyMap; outputs: PropertyMap },
        timeout: number,
    ): Promise<Made> {
        const request = about(new messages.ReadRequest(), urn);
        request.setId(id);
        request.setInputs(toStruct(olds.inputs, this.#wire));
        request.setProperties(toStruct(olds.outputs, this.#wire));
        request.setTimeout(timeout);
        try {
            const response = await call(this.#client, this.#client.read, request);
            const inputs = response.getInputs();
            return {
                id: response.getId(),
                outputs: this.#marked(fromStruct(response.getProperties()), olds.outputs),
                inputs: inputs && this.#marked(fromStruct(inputs), olds.inputs),
            };
        } catch (error) {
            throw initFailureOf(error, made => this.#marked(made, olds.outputs));
        }
    }

    async delete(
        urn: string,
        id: string,
        olds: { inputs: PropertyMap; outputs: PropertyMap },
        timeout: number,
    ): Promise<void> {
        const request = about(new messages.DeleteRequest(), urn);
        request.setId(id);
        request.setOldInputs(toStruct(olds.inputs, this.#wire));
        request.setProperties(toStruct(olds.outputs, this.#wire));
        request.setTimeout(timeout);
        await call(this.#client, this.#client.delete, request);
    }

    /** Asks the plugin to finish or give up what it does. Errors say nothing that matters then. */
    async cancel(): Promise<void> {
        await call(this.#client, this.#client.cancel, new empty.Empty(), { deadline: Date.now() + 1_000 }).catch(
            () => {},
        );
    }

    /** Ends the plugin: Cancel, then SIGINT, then after five seconds SIGKILL. */
    async stop(): Promise<void> {
        await this.cancel();
        this.#client.close();
        await this.#process.stop();
    }
}
