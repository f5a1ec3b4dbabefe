import { createHash } from "node:crypto";
import { z } from "zod";
import { Unsupported } from "../protocol/unsupported.ts";
import { NO_TIMEOUTS, type PendingOperation, type ResourceState } from "./resource.ts";
import type { Crypter } from "./secrets.ts";
import { decodeProperties, encodeProperties } from "./stateValues.ts";

/** The engine's version as the state's manifest names it; `magic` is its SHA-256. */
const VERSION = "v3.248.0";

const properties = z.record(z.string(), z.json());
const urns = z.array(z.string());

/** One resource of Pulumi's deployment format, version 3 (sdk/go/common/apitype/core.go, ResourceV3). */
const resourceSchema = z.strictObject({
    urn: z.string(),
    custom: z.boolean(),
    delete: z.boolean().optional(),
    id: z.string().optional(),
    type: z.string(),
    inputs: properties.optional(),
    outputs: properties.optional(),
    parent: z.string().optional(),
    protect: z.boolean().optional(),
    external: z.literal(false).optional(),
    dependencies: urns.nullish(),
    initErrors: z.array(z.string()).nullish(),
    provider: z.string().optional(),
    propertyDependencies: z.record(z.string(), urns.nullable()).optional(),
    pendingReplacement: z.boolean().optional(),
    additionalSecretOutputs: z.array(z.string()).optional(),
    aliases: urns.optional(),
    customTimeouts: z
        .strictObject({
            create: z.number().optional(),
            update: z.number().optional(),
            delete: z.number().optional(),
            read: z.number().optional(),
        })
        .optional(),
    retainOnDelete: z.boolean().optional(),
    created: z.string().optional(),
    modified: z.string().optional(),
    ignoreChanges: z.array(z.string()).optional(),
    replaceOnChanges: z.array(z.string()).optional(),
    // Where in the program a resource was registered: a note for people that every registration writes again.
    sourcePosition: z.string().optional(),
    stackTrace: z.array(z.json()).optional(),
});

const deploymentSchema = z.strictObject({
    manifest: z.looseObject({}),
    secrets_providers: z
        .strictObject({ type: z.literal("passphrase"), state: z.strictObject({ salt: z.string() }) })
        .optional(),
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z
        .array(
            z.strictObject({ resource: resourceSchema, type: z.enum(["creating", "updating", "deleting", "reading"]) }),
        )
        .nullish(),
    metadata: z.looseObject({}).optional(),
});

type SerializedResource = z.infer<typeof resourceSchema>;
export type SerializedDeployment = z.infer<typeof deploymentSchema>;

/** Everything the state says about a stack. */
export interface Deployment {
    resources: ResourceState[];
    pendingOperations: PendingOperation[];
}

/** Undefined keys vanish in JSON, as Go's `omitempty` has it. */
const orOmit = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);

function serializeResource(resource: ResourceState, crypter: Crypter): SerializedResource {
    const encrypt = (plaintext: string) => crypter.encrypt(plaintext);
    const { create, update, delete: remove, read } = resource.customTimeouts;
    return {
        urn: resource.urn,
        custom: resource.custom,
        delete: resource.delete || undefined,
        id: resource.id,
        type: resource.type,
        inputs: encodeProperties(resource.inputs, encrypt),
        outputs: encodeProperties(resource.outputs, encrypt),
        parent: resource.parent,
        protect: resource.protect || undefined,
        dependencies: orOmit(resource.dependencies),
        initErrors: orOmit(resource.initErrors),
        provider: resource.provider,
        propertyDependencies:
            Object.keys(resource.propertyDependencies).length > 0 ? resource.propertyDependencies : undefined,
        pendingReplacement: resource.pendingReplacement || undefined,
        additionalSecretOutputs: orOmit(resource.additionalSecretOutputs),
        aliases: orOmit(resource.aliases),
        customTimeouts:
            create || update || remove || read
                ? {
                      create: create || undefined,
                      update: update || undefined,
                      delete: remove || undefined,
                      read: read || undefined,
                  }
                : undefined,
        retainOnDelete: resource.retainOnDelete || undefined,
        created: resource.created,
        modified: resource.modified,
        ignoreChanges: orOmit(resource.ignoreChanges),
        replaceOnChanges: orOmit(resource.replaceOnChanges),
    };
}

function deserializeResource(resource: SerializedResource, crypter: Crypter | undefined): ResourceState {
    const decrypt = (ciphertext: string) => {
        if (crypter === undefined)
            throw new Error(
                "The state has secrets but names no secrets provider, so it was edited wrongly. Nothing was done. Put back a copy of the state.",
            );
        return crypter.decrypt(ciphertext);
    };
    const dependencies = Object.entries(resource.propertyDependencies ?? {});
    return {
        urn: resource.urn,
        type: resource.type,
        custom: resource.custom,
        id: resource.id,
        inputs: decodeProperties(resource.inputs ?? {}, decrypt),
        outputs: decodeProperties(resource.outputs ?? {}, decrypt),
        parent: resource.parent,
        provider: resource.provider,
        dependencies: resource.dependencies ?? [],
        propertyDependencies: Object.fromEntries(dependencies.map(([key, value]) => [key, value ?? []])),
        protect: resource.protect ?? false,
        retainOnDelete: resource.retainOnDelete ?? false,
        delete: resource.delete ?? false,
        pendingReplacement: resource.pendingReplacement ?? false,
        additionalSecretOutputs: resource.additionalSecretOutputs ?? [],
        aliases: resource.aliases ?? [],
        ignoreChanges: resource.ignoreChanges ?? [],
        replaceOnChanges: resource.replaceOnChanges ?? [],
        customTimeouts: { ...NO_TIMEOUTS, ...resource.customTimeouts },
        initErrors: resource.initErrors ?? [],
        created: resource.created,
        modified: resource.modified,
    };
}

/** A stack's state as Pulumi's deployment version 3 with passphrase secrets. */
export function serializeDeployment(deployment: Deployment, crypter: Crypter): SerializedDeployment {
    return {
        manifest: {
            time: new Date().toISOString(),
            magic: createHash("sha256").update(VERSION).digest("hex"),
            version: VERSION,
        },
        secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
        resources: orOmit(deployment.resources.map(resource => serializeResource(resource, crypter))),
        pending_operations: orOmit(
            deployment.pendingOperations.map(({ resource, type }) => ({
                resource: serializeResource(resource, crypter),
                type,
            })),
        ),
        metadata: {},
    };
}

/** Checks that a deployment holds only what this engine knows. Throws `Unsupported` naming the first thing that is not. */
export function checkDeployment(json: unknown, file: string): SerializedDeployment {
    const parsed = deploymentSchema.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    const keys = issue.code === "unrecognized_keys" ? `.${issue.keys.join(", ")}` : "";
    throw new Unsupported(`${issue.path.join(".")}${keys} (${issue.message})`, `The state in ${file}`);
}

/** The state in clear. `crypter` is that of its own secrets provider; a state without secrets may have none. */
export function deserializeDeployment(deployment: SerializedDeployment, crypter: Crypter | undefined): Deployment {
    return {
        resources: (deployment.resources ?? []).map(resource => deserializeResource(resource, crypter)),
        pendingOperations: (deployment.pending_operations ?? []).map(({ resource, type }) => ({
            resource: deserializeResource(resource, crypter),
            type,
        })),
    };
}
