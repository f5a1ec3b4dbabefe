import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** An endpoint as K3s writes it into hosts.toml. */
export interface UsableEndpoint {
    kind: "usable";
    /** Name under which `configs` is looked up: host and port, with Docker Hub's host turned back into `docker.io`. */
    registry: string;
    scheme: string;
    /** Host and port that is connected to. */
    host: string;
    path: string;
    url: string;
    /** Whether containerd is told to use the path as it is, instead of one that ends in /v2. */
    overridePath: boolean;
}

/** An endpoint that K3s leaves out with a line in its log. */
export interface IgnoredEndpoint {
    kind: "ignored";
    reason: string;
}

/** An endpoint that K3s may write in a form that depends on the Go it was built with, or re-encoded. */
export interface UnclearEndpoint {
    kind: "unclear";
    reason: string;
}

export type NormalizedEndpoint = UsableEndpoint | IgnoredEndpoint | UnclearEndpoint;

/** Docker Hub's registry host: what `docker.io` stands for (containerd, core/remotes/docker, DefaultHost). */
export const DOCKER_HUB_HOST = "registry-1.docker.io";

/** The host that containerd asks for images of a registry. */
export function defaultHost(registry: string): string {
    return registry === "docker.io" ? DOCKER_HUB_HOST : registry;
}

/** Whether a host, with or without a port, is this machine (containerd, core/remotes/docker, IsLocalhost). */
export function isLocalhost(host: string): boolean {
    const name = /^\[([^[\]]*)\]:[^:[\]]*$|^([^:[\]]*):[^:[\]]*$/.exec(host);
    return isLoopback(name ? (name[1] ?? name[2]!) : host);
}

function isLoopback(name: string): boolean {
    if (name === "localhost") return true;
    if (isIPv4(name)) return name.startsWith("127.");
    if (!isIPv6(name) || name.includes("%")) return false;
    const address = ipaddr.IPv6.parse(name);
    return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).range() === "loopback";
}

/** A text that is shown, with what stands before an @ left out: credentials of a URL. */
export function withoutCredentials(text: string): string {
    return text.replace(/[^\s"/]+@/g, "…@");
}

/** A URL's host taken apart. The port is "" for a colon with nothing after it, and null where there is none. */
export function hostAndPort(host: string): { name: string; port: string | null } {
    const match = /^(.*?)(?::(\d*))?$/.exec(host)!;
    return { name: match[1]!, port: match[2] ?? null };
}

/**
 * An endpoint, or a registry's name, as K3s understands it (pkg/agent/containerd/config.go, normalizeEndpointAddress,
 * on Go's net/url): https unless this machine is meant by a port other than 443; `/v2` where no path is given.
 * `embeddedRegistry` is host and port of K3s's own registry, which always speaks https; `:` when it is off.
 */
export function normalizeEndpoint(endpoint: string, embeddedRegistry = ":"): NormalizedEndpoint {
    const parsed = parseUrl(endpoint.includes("://") ? endpoint : `//${endpoint}`);
    if (parsed.kind !== "url") return parsed;
    const { host } = parsed;
    const { port } = hostAndPort(host);
    const plainByDefault = isLocalhost(host) && port && port !== "443" && host !== embeddedRegistry;
    const scheme = parsed.scheme || (plainByDefault ? "http" : "https");
    const target = defaultHost(host);
    const overridePath = !["", "/", "/v2"].includes(parsed.path);
    const path = overridePath ? parsed.path : "/v2";
    return {
        kind: "usable",
        registry: target === DOCKER_HUB_HOST ? "docker.io" : host,
        scheme,
        host: target,
        path,
        url: `${scheme}://${target}${path}${parsed.suffix}`,
        overridePath,
    };
}

interface ParsedUrl {
    kind: "url";
    scheme: string;
    /** "" for an address such as `https://`, which Go takes. */
    host: string;
    /** As Go prints it. */
    path: string;
    /** Query and fragment with their signs, as Go prints them. */
    suffix: string;
}

/** The part of Go's url.Parse that gives the same result in every version, and how that is printed. */
function parseUrl(raw: string): ParsedUrl | IgnoredEndpoint | UnclearEndpoint {
    if (/[\x00-\x1f\x7f]/.test(raw)) return ignored("it has a control character");
    const [beforeFragment = "", ...fragments] = raw.split("#");
    const fragment = fragments.join("#");
    if (/[^A-Za-z0-9\-_.~]/.test(fragment)) return unclear("its fragment has a character that is encoded in URLs");
    const [address = "", ...queries] = beforeFragment.split("?");
    const query = queries.length === 0 ? "" : `?${queries.join("?")}`;
    const colon = address.indexOf(":");
    const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(address) ? address.slice(0, colon).toLowerCase() : "";
    const rest = scheme ? address.slice(colon + 1) : address;
    if (!rest.startsWith("/")) {
        const isIgnored = !scheme && rest.split("/")[0]!.includes(":");
        return isIgnored ? ignored("what is before :// is not a scheme") : unclear("it has no host");
    }
    // Without a scheme, Go takes three slashes for a path.
    const match = !scheme && rest.startsWith("///") ? [rest, "", rest] : /^\/\/([^/]*)(\/.*)?$/.exec(rest);
    if (!match) return unclear("it has no host");
    const host = match[1]!;
    const fault = faultOfHost(host);
    if (fault) return fault;
    const path = printedPath(match[2] ?? "");
    if (path === null) return ignored("its path has a percent sign without two hexadecimal digits");
    if (path !== "/v2" && /^\/(?:v|%76)(?:2|%32)$|^\/%2f$/i.test(path)) return unclear("its path is an encoded /v2");
    return { kind: "url", scheme, host, path, suffix: query + (fragment && `#${fragment}`) };
}

/** A path as Go prints it: as it is where all of it may stand in a URL, and encoded once more where not; null for a path that Go refuses. */
function printedPath(path: string): string | null {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return null;
    if (!/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]/.test(path)) return path;
    const bytes = Buffer.from(
        Buffer.from(path, "utf8")
            .toString("latin1")
            .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
        "latin1",
    );
    return Array.from(bytes, byte => {
        const character = String.fromCharCode(byte);
        if (/[A-Za-z0-9\-_.~$&+,/:;=@]/.test(character)) return character;
        return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }).join("");
}

function faultOfHost(host: string): IgnoredEndpoint | UnclearEndpoint | null {
    if (host.includes("@")) return unclear("it has credentials before the host");
    if (host.includes("%")) return unclear("its host has a percent sign");
    const bracketed = /^\[(.*)\](.*)$/.exec(host);
    if (bracketed) {
        if (!/^(:\d*)?$/.test(bracketed[2]!)) return ignored("its port is not a number");
        return isIPv6(bracketed[1]!) ? null : unclear("what is in brackets is not an IPv6 address");
    }
    if (host.startsWith("[")) return ignored("its IPv6 address has no closing bracket");
    if (!/^[^:]*(:\d*)?$/.test(host.slice(Math.max(0, host.lastIndexOf(":")))))
        return ignored("its port is not a number");
    if (/[\x20\\^`{|}]/.test(host)) return ignored("its host has a character that no host has");
    if (/[^\x21-\x7e]|["<>[\]]/.test(host)) return unclear("its host has a character that no host has");
    if (/:.*:/.test(host)) return unclear("it has several colons; an IPv6 address stands in brackets");
    return null;
}

function ignored(reason: string): IgnoredEndpoint {
    return { kind: "ignored", reason };
}

function unclear(reason: string): UnclearEndpoint {
    return { kind: "unclear", reason };
}
