import grpc from "@grpc/grpc-js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import services from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resources from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { CHANNEL_OPTIONS, handler, refusal, serve } from "../protocol/rpc.ts";
import { Unsupported } from "../protocol/unsupported.ts";
import { isProviderType, packageOf, parseReference, providerTypeOf, typeOf } from "../protocol/urn.ts";
import { type PropertyMap, Secret } from "../protocol/values.ts";
import { fromStruct, KEEP_ALL, toStruct } from "../protocol/wire.ts";
import type { ConfigValue } from "../stack/stackConfig.ts";
import { NO_TIMEOUTS } from "../state/resource.ts";
import type { Deployment } from "./deployment.ts";
import type { Goal } from "./goal.ts";
import { referenceTo } from "./manager.ts";
import { outputsBefore, READ_OUTPUTS } from "./ownOutputs.ts";
import { BUILT_IN, providerInputs } from "./providers.ts";
import { goalOf, type RegisterRequest } from "./registration.ts";
import type { Run } from "./run.ts";

type Empty = InstanceType<typeof empty.Empty>;
type InvokeRequest = InstanceType<typeof resources.ResourceInvokeRequest>;
type InvokeResponse = InstanceType<typeof providers.InvokeResponse>;

/** What the SDK may send. Without alias specs, aliases come spelt out as URNs. */
const FEATURES = new Set(["secrets", "resourceReferences", "outputValues"]);

/** Takes the program's registrations and turns each into a goal: with what it inherits and with its provider. */
export class Monitor {
    readonly #run: Run;
    readonly #deployment: Deployment;
    readonly #config: Map<string, ConfigValue>;
    readonly #goals = new Map<string, Goal>();
    /** Providers a component hands to its children: package to reference, by the component's URN. */
    readonly #componentProviders = new Map<string, Map<string, string>>();
    readonly #defaultProviders = new Map<string, Promise<string>>();
    readonly #ready: Promise<unknown>;
    readonly #onProgramDone: () => Promise<void>;

    /**
     * Registrations wait for `ready`. `onProgramDone` is awaited when the program has registered everything and waits to
     * be let go.
     */
    constructor(
        run: Run,
        deployment: Deployment,
        config: Map<string, ConfigValue>,
        ready: Promise<unknown>,
        onProgramDone: () => Promise<void>,
    ) {
        this.#run = run;
        this.#deployment = deployment;
        this.#config = config;
        this.#ready = ready;
        this.#onProgramDone = onProgramDone;
    }

    /** Serves Pulumi's `ResourceMonitor` on loopback. */
    serve(): Promise<{ address: string; close: () => void }> {
        const server = new grpc.Server(CHANNEL_OPTIONS);
        const refused = (feature: string) =>
            refusal<unknown, never>(feature, error => {
                this.#deployment.stop(this.#run.report.error(error, error.message));
            });
        server.addService(services.ResourceMonitorService as unknown as grpc.ServiceDefinition, {
            supportsFeature: handler<
                InstanceType<typeof resources.SupportsFeatureRequest>,
                InstanceType<typeof resources.SupportsFeatureResponse>
            >(request => {
                const response = new resources.SupportsFeatureResponse();
                response.setHassupport(FEATURES.has(request.getId()));
                return response;
            }),
            registerResource: handler((request: RegisterRequest) => this.#register(request)),
            registerResourceOutputs: handler<InstanceType<typeof resources.RegisterResourceOutputsRequest>, Empty>(
                async request => {
                    await this.#deployment.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
                    return new empty.Empty();
                },
            ),
            signalAndWaitForShutdown: handler<Empty, Empty>(async () => {
                await this.#onProgramDone();
                return new empty.Empty();
            }),
            invoke: handler((request: InvokeRequest) => this.#invoke(request)),
            call: refused("methods of a plugin (call)"),
            readResource: refused("resources read with `get`"),
            registerStackTransform: refused("stack transforms"),
            registerStackInvokeTransform: refused("invoke transforms"),
            registerResourceHook: refused("resource hooks"),
            registerErrorHook: refused("error hooks"),
            registerPackage: refused("parameterized packages"),
        });
        return serve(server);
    }

    async #register(request: RegisterRequest): Promise<InstanceType<typeof resources.RegisterResourceResponse>> {
        await this.#ready.catch(() => {});
        let goal: Goal;
        try {
            goal = goalOf(request);
        } catch (error) {
            this.#deployment.stop(this.#run.report.error(error, (error as Error).message));
            throw error;
        }
        this.#inherit(goal);
        const providers = this.#providersOf(request, goal);
        if (isProviderType(goal.type)) {
            goal.inputs = providerInputs(goal.inputs, request.getVersion(), request.getPlugindownloadurl());
        } else if (goal.custom) goal.provider = await this.#providerOf(request, goal);
        const { made, unknown } = await this.#deployment.register(goal);
        this.#goals.set(made.urn, goal);
        if (!goal.custom) this.#componentProviders.set(made.urn, providers);
        const response = new resources.RegisterResourceResponse();
        response.setUrn(made.urn);
        if (!unknown) response.setId(made.id ?? "");
        response.setObject(toStruct(goal.custom ? made.outputs : {}, KEEP_ALL));
        return response;
    }

    /** The one function there is reads what this stack said last; those of plugins are refused by name. */
    async #invoke(request: InvokeRequest): Promise<InvokeResponse> {
        await this.#ready.catch(() => {});
        try {
            if (request.getTok() !== READ_OUTPUTS)
                throw new Unsupported(`the function ${request.getTok()}`, "The program");
            // The CLI keeps this provider in the state, too.
            await this.#defaultProvider(BUILT_IN, "", "");
            const response = new providers.InvokeResponse();
            response.setReturn(toStruct(outputsBefore(this.#run, fromStruct(request.getArgs())), KEEP_ALL));
            return response;
        } catch (error) {
            this.#deployment.stop(this.#run.report.error(error, (error as Error).message));
            throw error;
        }
    }

    /** What a resource does not say itself holds as its parent has it. */
    #inherit(goal: Goal): void {
        const parent = goal.parent === undefined ? undefined : this.#goals.get(goal.parent);
        goal.protect ??= parent?.protect;
        goal.retainOnDelete ??= parent?.retainOnDelete;
    }

    #providersOf(request: RegisterRequest, goal: Goal): Map<string, string> {
        const inherited = goal.parent === undefined ? undefined : this.#componentProviders.get(goal.parent);
        const providers = new Map(goal.custom ? [] : inherited);
        request.getProvidersMap().forEach((reference, packageName) => {
            providers.set(packageName, reference);
        });
        return providers;
    }

    /** The provider named by the resource, by its parents, or the package's default one. */
    async #providerOf(request: RegisterRequest, goal: Goal): Promise<string> {
        const packageName = packageOf(goal.type);
        const own = request.getProvider() || undefined;
        const parent = goal.parent === undefined ? undefined : this.#goals.get(goal.parent)?.provider;
        const parents =
            parent !== undefined && packageOf(typeOf(parseReference(parent).urn)) === packageName ? parent : undefined;
        const component =
            goal.parent === undefined ? undefined : this.#componentProviders.get(goal.parent)?.get(packageName);
        return (
            own ??
            parents ??
            component ??
            this.#defaultProvider(packageName, request.getVersion(), request.getPlugindownloadurl())
        );
    }

    #defaultProvider(packageName: string, version: string, downloadUrl: string): Promise<string> {
        const key = [packageName, version, downloadUrl].join(" ");
        const known = this.#defaultProviders.get(key);
        if (known !== undefined) return known;
        const registering = this.#registerDefaultProvider(packageName, version, downloadUrl);
        this.#defaultProviders.set(key, registering);
        return registering;
    }

    async #registerDefaultProvider(packageName: string, version: string, downloadUrl: string): Promise<string> {
        const inputs: PropertyMap = {};
        for (const [key, { text, secret }] of this.#config) {
            if (key.startsWith(`${packageName}:`))
                inputs[key.slice(packageName.length + 1)] = secret ? new Secret(text) : text;
        }
        const { made } = await this.#deployment.register({
            type: providerTypeOf(packageName),
            name: defaultProviderName(version, downloadUrl),
            custom: true,
            inputs: providerInputs(inputs, version, downloadUrl),
            parent: undefined,
            provider: undefined,
            dependencies: [],
            propertyDependencies: {},
            protect: undefined,
            retainOnDelete: undefined,
            deleteBeforeReplace: undefined,
            ignoreChanges: [],
            replaceOnChanges: [],
            additionalSecretOutputs: [],
            aliases: [],
            customTimeouts: NO_TIMEOUTS,
        });
        return referenceTo(made);
    }
}

/** Name of a package's default provider: the CLI's, so that it finds the same resource in the state. */
function defaultProviderName(version: string, downloadUrl: string): string {
    const versionPart = version === "" ? "" : `_${version.replace(/[^A-Za-z0-9]/g, "_")}`;
    const segments = downloadUrl.split("/").filter(segment => segment !== "");
    const urlPart = segments.map(segment => segment.replace(/[^A-Za-z0-9_.-]|^-/g, "_")).join("/");
    return `default${versionPart}${urlPart === "" ? "" : `_${urlPart}`}`;
}
