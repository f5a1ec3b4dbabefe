import { DOCKER_HUB_HOST, hostAndPort, normalizeEndpoint } from "../endpoint.ts";
import type { Remark, Subject } from "../finding.ts";
import type { FilePath } from "../place.ts";
import type { Mirror } from "../schema.ts";
import { formatK3sVersion, wildcardKeepsUpstream } from "../version.ts";

/** Rules about mirrors: their names, and whether the upstream stays reachable behind them. */
export function mirrorRemarks(subject: Subject): Remark[] {
    return Object.entries(subject.registries.mirrors ?? {}).flatMap(([name, mirror]) => {
        const path = ["mirrors", name];
        return [
            ...(name === "*" ? wildcardRemarks(mirror, path, subject) : nameRemarks(name, path)),
            ...endpointListRemarks(name, mirror, path, subject),
        ];
    });
}

function wildcardRemarks(mirror: Mirror, path: FilePath, subject: Subject): Remark[] {
    const { registries, version, embeddedRegistry, disableDefaultRegistryEndpoint } = subject;
    const remarks: Remark[] = [];
    if (registries.mirrors?._default) {
        remarks.push({
            rule: "wildcard-twice",
            severity: "error",
            path: ["mirrors", "_default"],
            message: 'K3s writes "*" and "_default" to the same file and picks one by chance. Remove "_default".',
        });
    }
    const isWritten = (mirror.endpoint ?? []).length > 0 || embeddedRegistry;
    if (!isWritten || disableDefaultRegistryEndpoint || (version && wildcardKeepsUpstream(version))) return remarks;
    const when = version ? `On K3s ${formatK3sVersion(version)}` : "On K3s v1.31.6 and v1.32.2";
    remarks.push({
        rule: "wildcard-loses-upstream",
        severity: version ? "error" : "warning",
        path,
        message:
            `${when} a "*" mirror has no upstream behind it, so a dead mirror stops every pull. ` +
            "Name the registries one by one, or use v1.31.7, v1.32.3 or later.",
    });
    return remarks;
}

function nameRemarks(name: string, path: FilePath): Remark[] {
    const wrong = (message: string): Remark[] => [{ rule: "mirror-name", severity: "error", path, message }];
    if (name === "_default") return wrong(DEFAULT_IS_NO_NAME);
    if (name === DOCKER_HUB_HOST || name === "index.docker.io") {
        return wrong(
            `Images of Docker Hub are named docker.io, so a mirror for ${name} is not used. Name it docker.io.`,
        );
    }
    if (name.includes("://") || name.includes("/")) {
        return wrong(`"${name}" is a URL or a path; image references begin with a host. Leave scheme and path out.`);
    }
    if (name.includes("*")) return wrong(noPattern(name, "Name each registry, or write"));
    if (/[A-Z]/.test(name)) {
        return wrong(`Hosts in image references are lower case, so "${name}" is not used. Write it in lower case.`);
    }
    const address = normalizeEndpoint(name);
    if (name === "" || name.startsWith("?") || name.startsWith("#"))
        return wrong(`"${name}" is not a host. Correct it.`);
    if (address.kind !== "usable") return wrong(`"${name}" is not a host: ${address.reason}. Correct it.`);
    if (/[.:]/.test(name) || name === "localhost") return [];
    return wrong(
        `Without a dot, a colon or "localhost", the first part of an image's name is no registry: "${name}/app" is docker.io/${name}/app. ` +
            "Write the registry's name with its domain or port, as in the image references.",
    );
}

/** What is said of a name such as `*.example.com`. */
export function noPattern(name: string, advice: string): string {
    return `K3s takes "${name}" for a name, not for a pattern, so nothing uses it. ${advice} "*" alone for all.`;
}

/** containerd's directory for all registries not named is no name in a registries.yaml. */
export const DEFAULT_IS_NO_NAME =
    'K3s takes "_default" for a host: every registry not named gets https://_default as its upstream. Remove it or write "*".';

function endpointListRemarks(name: string, mirror: Mirror, path: FilePath, subject: Subject): Remark[] {
    const endpoints = mirror.endpoint ?? [];
    const rewrites = Object.keys(mirror.rewrite ?? {});
    if (endpoints.length === 0) {
        if (rewrites.length > 0) {
            const message = "Rewrites apply to endpoints, and there is none. Add an endpoint or remove the rewrites.";
            return [{ rule: "rewrite-without-endpoint", severity: "warning", path, message }];
        }
        if (subject.embeddedRegistry) return [];
        const message = "Without an endpoint this only matters to K3s's embedded registry. Add one or remove it.";
        return [{ rule: "mirror-without-endpoint", severity: "info", path, message }];
    }
    const upstream = name === "*" ? null : normalizeEndpoint(name);
    const isOwn = (text: string) => upstream?.kind === "usable" && urlOf(text) === upstream.url;
    const own = endpoints.findIndex(isOwn);
    const isLast = own + 1 === endpoints.length;
    const remarks: Remark[] = [];
    if (rewrites.length > 0 && upstream?.kind === "usable" && endpoints.every(isOwn) && !subject.embeddedRegistry) {
        const { scheme, host } = upstream;
        const port = hostAndPort(host).port === null ? `:${scheme === "http" ? 80 : 443}` : "";
        const message =
            port === ""
                ? "The only endpoint is the upstream, which K3s asks without rewrites. They apply to nothing. Remove them."
                : `The only endpoint is the upstream, which K3s asks without rewrites. They apply to nothing. Write the endpoint as ${scheme}://${host}${port}, which K3s takes for another one.`;
        return [{ rule: "rewrite-without-endpoint", severity: "warning", path: [...path, "rewrite"], message }];
    }
    if (own >= 0 && !(subject.disableDefaultRegistryEndpoint && isLast))
        remarks.push(upstreamRemark(isLast, [...path, "endpoint", own]));
    if (rewrites.length > 0 && !subject.disableDefaultRegistryEndpoint) {
        remarks.push({
            rule: "rewrite-not-upstream",
            severity: "info",
            path: [...path, "rewrite"],
            message:
                "When no endpoint answers, the upstream is asked for the name before the rewrite. " +
                "Make sure the image exists there under that name.",
        });
    }
    return remarks;
}

function upstreamRemark(isLast: boolean, path: FilePath): Remark {
    const message = isLast
        ? "K3s tries the upstream last by itself (unless disable-default-registry-endpoint is set) and without rewrites. Remove it."
        : "This is the upstream: the endpoints after it are asked only when it fails. Remove it; K3s tries it last.";
    return { rule: "upstream-listed", severity: isLast ? "info" : "warning", path, message };
}

function urlOf(text: string): string | null {
    const endpoint = normalizeEndpoint(text);
    return endpoint.kind === "usable" ? endpoint.url : null;
}
