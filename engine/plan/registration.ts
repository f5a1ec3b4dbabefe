import type resources from "@pulumi/pulumi/proto/resource_pb.js";
import { Unsupported } from "../protocol/unsupported.ts";
import { fromStruct } from "../protocol/wire.ts";
import { NO_TIMEOUTS, type Timeouts } from "../state/resource.ts";
import type { Goal } from "./goal.ts";

export type RegisterRequest = InstanceType<typeof resources.RegisterResourceRequest>;

/** `1h30m`, `5m`, `1.5s`, `200ms` in seconds, the notation of `customTimeouts`. Empty is 0. */
export function secondsOf(duration: string): number {
    const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, ns: 1e-9 };
    const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|us|ns|s)/g)];
    if (parts.map(part => part[0]).join("") !== duration) {
        throw new Error(`The custom timeout "${duration}" is not a duration. Write it like 30s, 5m or 1h30m.`);
    }
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
}

function timeoutsOf(request: RegisterRequest): Timeouts {
    const timeouts = request.getCustomtimeouts();
    if (timeouts === undefined) return NO_TIMEOUTS;
    return {
        create: secondsOf(timeouts.getCreate()),
        update: secondsOf(timeouts.getUpdate()),
        delete: secondsOf(timeouts.getDelete()),
        read: secondsOf(timeouts.getRead()),
    };
}

/** Stops at the first thing a resource asks for that this engine does not do. */
function refuseUnsupported(request: RegisterRequest): void {
    const asked: [boolean, string][] = [
        [request.getImportid() !== "", "the `import` option"],
        [request.getRemote(), "a component that a plugin constructs"],
        [request.getDeletedwith() !== "", "the `deletedWith` option"],
        [request.getReplaceWithList().length > 0, "the `replaceWith` option"],
        [request.getReplacementTrigger() !== undefined, "the `replacementTrigger` option"],
        [request.getTransformsList().length > 0, "transforms"],
        [request.getAliasesList().length > 0, "aliases that are not spelt out as URNs"],
        [hasHooks(request), "resource hooks"],
        [request.getPackageref() !== "", "a parameterized package"],
        [request.getEnvvarmappingsMap().getLength() > 0, "`envVarMappings`"],
    ];
    const feature = asked.find(([isAsked]) => isAsked)?.[1];
    if (feature !== undefined) throw new Unsupported(feature, `${request.getType()} ${request.getName()}`);
}

function hasHooks(request: RegisterRequest): boolean {
    const hooks = request.getHooks();
    return hooks !== undefined && hooks.serializeBinary().length > 0;
}

/** What a request asks for, without what it takes from its parent and without a provider. Throws `Unsupported`. */
export function goalOf(request: RegisterRequest): Goal {
    refuseUnsupported(request);
    const inputs = fromStruct(request.getObject());
    const dependencies = request.getDependenciesList();
    const propertyDependencies: Record<string, string[]> = {};
    request.getPropertydependenciesMap().forEach((urns, key) => {
        propertyDependencies[key] = urns.getUrnsList();
    });
    const saysOrder = request.getDeletebeforereplacedefined() || request.getDeletebeforereplace();
    return {
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        inputs,
        parent: request.getParent() || undefined,
        provider: undefined,
        dependencies,
        propertyDependencies,
        protect: request.hasProtect() ? request.getProtect() : undefined,
        retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
        deleteBeforeReplace: saysOrder ? request.getDeletebeforereplace() : undefined,
        ignoreChanges: request.getIgnorechangesList(),
        replaceOnChanges: request.getReplaceonchangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        aliases: request.getAliasurnsList(),
        customTimeouts: timeoutsOf(request),
    };
}
