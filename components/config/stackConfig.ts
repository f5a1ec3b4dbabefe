import { z } from "zod";
import { containsAddress, familyOfAddress } from "../../network/cidr.ts";
import { IP_FAMILIES } from "../../network/family.ts";
import { HEADER_BYTES, mssFor, packetForMss } from "../../network/mss.ts";
import { cachedUpstreams } from "../../network/pullThrough/upstream.ts";
import type { Connection } from "../../provider/host/connection.ts";
import { cacheArgs, missingForPlacement } from "./cacheConfig.ts";
import { CONFIG_NAMESPACE, StackSettings } from "./config.ts";
import { type Fault, faultsOf } from "./configFaults.ts";

/** A connection to a host with what hosts share merged into it. */
export type CompleteConnection = z.input<typeof Connection>;

/** A stack's configuration, checked, with every host's connection complete. */
export type StackConfig = Omit<
    StackSettings,
    "gateway" | "nodes" | "cache" | "ssh" | "sshPassword" | "sshPrivateKey"
> & {
    cache?: ReturnType<typeof cacheArgs>;
    gateway?: Omit<NonNullable<StackSettings["gateway"]>, "connection"> & { connection: CompleteConnection };
    nodes: (Omit<StackSettings["nodes"][number], "connection"> & { connection: CompleteConnection })[];
};

/** The stack's configuration, or one line for each wrong value: its key and path, what is wrong, what to write. */
export type StackConfigResult = { config: StackConfig } | { faults: string[] };

/**
 * Reads the program's keys from a stack's whole configuration, as `pulumi.runtime.allConfig()` gives it: `namespace:key`
 * to text, structured values as JSON.
 */
export function readStackConfig(all: Record<string, string>): StackConfigResult {
    const own = Object.entries(all).filter(([key]) => key.startsWith(`${CONFIG_NAMESPACE}:`));
    const values = own.map(([key, text]) => {
        const name = key.slice(CONFIG_NAMESPACE.length + 1);
        return [name, name in StackSettings.shape ? decoded(name as keyof StackSettings, text) : text];
    });
    const parsed = StackSettings.safeParse(Object.fromEntries(values), { reportInput: true });
    const faults = parsed.success ? contradictions(parsed.data) : faultsOf(StackSettings, parsed.error.issues);
    if (!parsed.success || faults.length > 0) return { faults: faults.map(asLine) };
    return { config: complete(parsed.data) };
}

function asLine({ path, sentence }: Fault): string {
    return `${CONFIG_NAMESPACE}:${path}: ${sentence} Nothing was changed.`;
}

/** Pulumi hands every value over as text; a password that looks like a number is text all the same. */
function decoded(key: keyof StackSettings, text: string): unknown {
    const schema: z.ZodType = StackSettings.shape[key];
    if (schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodString) return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/** What each value alone may say, but not together. */
function contradictions(settings: StackSettings): Fault[] {
    return [
        ...sameNames(settings),
        ...strayNodes(settings),
        ...uselessLink(settings),
        ...oversizedMss(settings),
        ...unreadableKeys(settings),
        ...impossibleCache(settings),
    ];
}

function sameNames({ gateway, nodes }: StackSettings): Fault[] {
    const hosts = [
        ...(gateway ? [{ path: "gateway", name: gateway.name, address: gateway.connection.host }] : []),
        ...nodes.map(({ name, connection }, index) => ({ path: `nodes[${index}]`, name, address: connection.host })),
    ];
    return hosts.flatMap(({ path, name, address }, index) => {
        const before = hosts.slice(0, index);
        const sameName = before.find(host => host.name === name);
        const sameAddress = before.find(host => host.address === address);
        const faults: Fault[] = [];
        if (sameName)
            faults.push({
                path: `${path}.name`,
                sentence: `"${name}" is already the name of ${sameName.path}. Give every host a name of its own.`,
            });
        if (sameAddress)
            faults.push({
                path: `${path}.connection.host`,
                sentence: `"${address}" is already the address of ${sameAddress.path}. List every host once.`,
            });
        return faults;
    });
}

function strayNodes({ nodes, nodeSubnets }: StackSettings): Fault[] {
    return nodes.flatMap(({ name, connection: { host } }, index) => {
        if (familyOfAddress(host) === undefined || nodeSubnets.some(cidr => containsAddress(cidr, host))) return [];
        const sentence = `"${host}" of ${name} is in none of nodeSubnets, ${nodeSubnets.join(", ")}, so its connections would not be clamped. Add its subnet to nodeSubnets.`;
        return [{ path: `nodes[${index}].connection.host`, sentence }];
    });
}

function uselessLink({ gateway }: StackSettings): Fault[] {
    if (gateway?.egressLink === undefined || gateway.mode === "auto" || gateway.mode === "routed") return [];
    const sentence = `Mode ${gateway.mode} does not use it: that mode tells packets apart by the node subnets. Remove it, or set gateway.mode to routed.`;
    return [{ path: "gateway.egressLink", sentence }];
}

function oversizedMss({ mss, nodeMtu, pathMtu }: StackSettings): Fault[] {
    if (mss === "auto") return [];
    const asked = mssFor(mss, { ipv4: null, ipv6: null });
    const known = pathMtu === "auto" ? { ipv4: null, ipv6: null } : pathMtu;
    return IP_FAMILIES.flatMap(family => {
        const size = asked[family];
        const narrowest = Math.min(nodeMtu, known[family] ?? nodeMtu);
        if (size === null || packetForMss(size, family) <= narrowest) return [];
        // One number is IPv4's: IPv6's follows from it and is never the one at fault alone.
        if (typeof mss === "number" && family === "ipv6") return [];
        const limit = narrowest === nodeMtu ? "nodeMtu" : `pathMtu.${family}`;
        const sentence = `${size} makes packets of ${packetForMss(size, family)} bytes, more than ${limit} ${narrowest}. Write at most ${narrowest - HEADER_BYTES[family]}, or auto.`;
        return [{ path: typeof mss === "number" ? "mss" : `mss.${family}`, sentence }];
    });
}

/** The prerequisites are installed by another package, which takes a key as text or from an agent only. */
function unreadableKeys({ prerequisites, ssh, sshPassword, sshPrivateKey }: StackSettings): Fault[] {
    const others = [ssh.privateKey, ssh.password, ssh.agentSocketPath, sshPassword, sshPrivateKey];
    if (!prerequisites || ssh.privateKeyPath === undefined || others.some(given => given !== undefined)) return [];
    const sentence =
        "It needs more than ssh.privateKeyPath, since @pulumi/command reads no key files. Set sshPrivateKey or ssh.agentSocketPath as well, or leave prerequisites out.";
    return [{ path: "prerequisites", sentence }];
}

/** A cache that is asked for and not described, cannot be made, or sits where nothing is clamped. */
function impossibleCache({ mirror, cache, nodeSubnets }: StackSettings): Fault[] {
    if (cache === undefined)
        return mirror === "never"
            ? []
            : [
                  {
                      path: "cache",
                      sentence: `It is missing. With mirror ${mirror}, Clearpath must know on which host to set up the cache.`,
                  },
              ];
    const missing = missingForPlacement(cache, cache.connection !== undefined);
    if (missing) return [{ path: `cache.${missing.key}`, sentence: missing.sentence }];
    const address = cache.connection?.host ?? "";
    const isOutside =
        cache.placement !== "cluster" &&
        familyOfAddress(address) !== undefined &&
        !nodeSubnets.some(cidr => containsAddress(cidr, address));
    const faults: Fault[] = [];
    if (isOutside)
        faults.push({
            path: "cache.connection.host",
            sentence: `"${address}" is in none of nodeSubnets, ${nodeSubnets.join(", ")}, so the cache's own connections would not be clamped. Add its subnet to nodeSubnets.`,
        });
    try {
        cachedUpstreams(cache.upstreams, cache.firstPort);
    } catch (error) {
        faults.push({ path: "cache.upstreams", sentence: (error as RangeError).message });
    }
    return faults;
}

function complete({ ssh, sshPassword, sshPrivateKey, gateway, nodes, cache, ...rest }: StackSettings): StackConfig {
    const shared = { ...ssh, password: ssh.password ?? sshPassword, privateKey: ssh.privateKey ?? sshPrivateKey };
    const connect = <Host extends { connection: CompleteConnection }>(host: Host) => ({
        ...host,
        connection: given({ ...given(shared), ...given(host.connection) }) as CompleteConnection,
    });
    return {
        ...rest,
        gateway: gateway && connect(gateway),
        nodes: nodes.map(connect),
        cache: cache && completeCache(cache, connect),
    };
}

function completeCache(
    { connection, ...cache }: NonNullable<StackSettings["cache"]>,
    connect: (host: { connection: CompleteConnection }) => { connection: CompleteConnection },
): ReturnType<typeof cacheArgs> {
    return cacheArgs(cache, connection && connect({ connection }).connection);
}

/** The same object without the keys that have no value, which would hide a default. */
function given<T extends object>(values: T): Partial<T> {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
