import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { hostAndPort, isLocalhost, normalizeEndpoint, type UsableEndpoint } from "../endpoint.ts";
import type { Remark, RuleName, Severity, Subject } from "../finding.ts";
import type { Registries } from "../schema.ts";
import { formatK3sVersion, readsIpv6Endpoints } from "../version.ts";

type Say = (rule: RuleName, severity: Severity, message: string) => Remark;

/** Rules about each endpoint by itself, and about endpoints listed twice. */
export function endpointRemarks({ registries, version }: Subject): Remark[] {
    return Object.entries(registries.mirrors ?? {}).flatMap(([name, mirror]) => {
        const seen = new Set<string>();
        return (mirror.endpoint ?? []).flatMap((text, index) => {
            const path = ["mirrors", name, "endpoint", index];
            const say: Say = (rule, severity, message) => ({ rule, severity, path, message });
            const broken = schemeWithoutColon(text);
            if (broken) return [say("endpoint-scheme", "error", broken)];
            const endpoint = normalizeEndpoint(text);
            if (endpoint.kind !== "usable") return [unusableRemark(text, endpoint.kind, endpoint.reason, say)];
            if (endpoint.host === "") return [say("endpoint-invalid", "error", NO_HOST)];
            const remarks = usableRemarks(text, endpoint, say);
            if (endpoint.host.startsWith("[") && !(version && readsIpv6Endpoints(version))) {
                remarks.push(say("endpoint-ipv6", version ? "error" : "warning", ipv6Message(name, version)));
            }
            if (endpoint.scheme === "http" && hasTls(registries, endpoint)) {
                remarks.push(say("tls-for-http", "warning", tlsForHttpMessage(endpoint)));
            }
            if (seen.has(endpoint.url)) {
                const message = `${endpoint.url} is listed before; K3s leaves this one out. Remove it.`;
                remarks.push(say("endpoint-duplicate", "warning", message));
            }
            seen.add(endpoint.url);
            return remarks;
        });
    });
}

const NO_HOST = "It names no host, and K3s writes it into hosts.toml all the same. Write https://host:port.";

/** `https//host` and `http:/host`: K3s takes "https" for a host. */
function schemeWithoutColon(text: string): string | null {
    const match = /^(https?)(?::\/(?!\/)|:(?=[^/0-9])|\/\/)(.*)$/i.exec(text);
    if (!match) return null;
    const scheme = match[1]!.toLowerCase();
    return `"${match[1]}" is not followed by ://, so K3s takes it for the name of a host. Write ${scheme}://${match[2]}.`;
}

function ipv6Message(mirror: string, version: Subject["version"]): string {
    const when = version
        ? `The containerd of K3s ${formatK3sVersion(version)} reads`
        : "Before K3s v1.31.6 and v1.32.2, containerd reads";
    return `${when} no hosts.toml with an IPv6 address in it, so the whole mirror of ${mirror} is void. Use a host name, or a newer K3s.`;
}

function hasTls({ configs = {} }: Registries, { host, registry }: UsableEndpoint): boolean {
    const { tls } = configs[host] ?? configs[registry] ?? {};
    return Object.values(tls ?? {}).some(value => value !== "" && value !== false);
}

/** containerd, core/remotes/docker/config/hosts.go, ConfigureHosts. */
function tlsForHttpMessage({ host, registry, url }: UsableEndpoint): string {
    const effect =
        hostAndPort(host).port === "80"
            ? "containerd does not use them on port 80"
            : "containerd therefore tries https first";
    return `configs."${registry}" has TLS settings, and this endpoint is http: ${effect}. Remove them, or write ${url.replace(/^http:/, "https:")}.`;
}

function unusableRemark(text: string, kind: "ignored" | "unclear", reason: string, say: Say): Remark {
    const address = text.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
    if (isIPv6(address) || (address.split(":").length > 2 && isIPv6(address.replace(/:\d+$/, "")))) {
        const message =
            "An IPv6 address stands in brackets, or its end is taken for a port. Write https://[address]:port.";
        return say("endpoint-ipv6", "error", message);
    }
    const effect =
        kind === "ignored" ? "K3s leaves this endpoint out" : "What K3s makes of this depends on its release";
    return say("endpoint-invalid", "error", `${effect}: ${reason}. Write https://host:port.`);
}

function usableRemarks(text: string, endpoint: UsableEndpoint, say: Say): Remark[] {
    const { scheme, host, path, url } = endpoint;
    const { name, port } = hostAndPort(host);
    const remarks: Remark[] = [];
    if (scheme !== "http" && scheme !== "https") {
        return [
            say("endpoint-scheme", "error", `containerd speaks http and https, not ${scheme}. Write https://${host}.`),
        ];
    }
    if (!text.includes("://")) {
        remarks.push(
            say("endpoint-scheme", "info", `Without a scheme K3s takes this for ${url}. Write what you mean.`),
        );
    }
    if (port !== null && (port === "" || Number(port) < 1 || Number(port) > 65_535)) {
        remarks.push(
            say("endpoint-port", "error", `No connection can be made to port "${port}". Write one from 1 to 65535.`),
        );
    } else if ((scheme === "http" && port === "443") || (scheme === "https" && port === "80")) {
        remarks.push(say("endpoint-port", "warning", `Port ${port} seldom speaks ${scheme}. Check scheme and port.`));
    }
    if (/[?#]/.test(url)) {
        const message = "containerd leaves out what begins with ? or #. Leave it out, or use the path.";
        remarks.push(say("endpoint-path", "warning", message));
    }
    if (endpoint.overridePath && !path.split("/").includes("v2")) {
        const asked = `${url.replace(/\/$/, "")}/<image>/manifests`;
        const message = `containerd asks for ${asked}, without the /v2 of a registry. Write ${scheme}://${host}/v2${path}.`;
        remarks.push(say("endpoint-path", "warning", message));
    }
    const unreachable = whyUnreachable(name);
    if (unreachable) remarks.push(say("endpoint-unreachable", "error", unreachable));
    if (scheme === "http" && !isLocalhost(host)) {
        const message = `Anyone on the way can change images fetched by tag over ${url}. Give the registry a certificate and write https.`;
        remarks.push(say("endpoint-plain-http", "warning", message));
    }
    return remarks;
}

/** Why no node can connect to a host of this name, or null. */
function whyUnreachable(name: string): string | null {
    if (/\.(?:svc|cluster\.local)\.?$/i.test(name)) {
        return "containerd resolves names on the node, where the cluster's DNS is not asked. Use an IP address or a name that your local DNS resolves.";
    }
    const address = name.replace(/^\[(.*)\]$/, "$1");
    if (!ipaddr.isValid(address) || !/[.:]/.test(address)) return null;
    const range = ipaddr.parse(address).range();
    if (range === "unspecified" || range === "multicast" || range === "broadcast") {
        return `${address} is no host's address (${range}). Write the registry's.`;
    }
    if (range === "linkLocal" && address.includes(":")) {
        return `${address} is link-local: without a zone, which a URL here cannot have, it leads nowhere. Use a global address.`;
    }
    return null;
}
