import { DOCKER_HUB_HOST, normalizeEndpoint } from "../endpoint.ts";
import type { Remark, Subject } from "../finding.ts";
import type { FilePath } from "../readYaml.ts";
import type { Mirror } from "../schema.ts";
import { formatK3sVersion, wildcardKeepsUpstream } from "../version.ts";

/** Rules about mirrors as such: their names, and whether the upstream stays reachable behind them. */
export function mirrorRemarks({ registries, version }: Subject): Remark[] {
    const mirrors = Object.entries(registries.mirrors ?? {});
    return mirrors.flatMap(([name, mirror]) => {
        const path = ["mirrors", name];
        return [
            ...(name === "*" ? wildcardRemarks(path, { registries, version }) : nameRemarks(name, path)),
            ...endpointListRemarks(name, mirror, path),
        ];
    });
}

function wildcardRemarks(path: FilePath, { registries, version }: Subject): Remark[] {
    const remarks: Remark[] = [];
    if (registries.mirrors?._default) {
        remarks.push({
            rule: "wildcard-twice",
            severity: "error",
            path: ["mirrors", "_default"],
            message: 'K3s writes "*" and "_default" to the same file and picks one by chance. Remove "_default".',
        });
    }
    if (version && wildcardKeepsUpstream(version)) return remarks;
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
    if (/[A-Z]/.test(name)) {
        return wrong(`Hosts in image references are lower case, so "${name}" is not used. Write it in lower case.`);
    }
    const address = normalizeEndpoint(name);
    return address.kind === "usable" ? [] : wrong(`"${name}" is not a host: ${address.reason}. Correct it.`);
}

/** containerd's directory for all registries not named is no name in a registries.yaml. */
export const DEFAULT_IS_NO_NAME =
    'K3s takes "_default" for a host: every registry not named gets https://_default as its upstream. Remove it or write "*".';

function endpointListRemarks(name: string, mirror: Mirror, path: FilePath): Remark[] {
    const endpoints = mirror.endpoint ?? [];
    const rewrites = Object.keys(mirror.rewrite ?? {});
    if (endpoints.length === 0) {
        const rule = rewrites.length > 0 ? "rewrite-without-endpoint" : "mirror-without-endpoint";
        return [
            {
                rule,
                severity: rewrites.length > 0 ? "warning" : "info",
                path,
                message:
                    rewrites.length > 0
                        ? "Rewrites apply to endpoints, and there is none. Add an endpoint or remove the rewrites."
                        : "Without an endpoint this only matters to K3s's embedded registry. Add one or remove it.",
            },
        ];
    }
    const upstream = name === "*" ? null : normalizeEndpoint(name);
    const own = endpoints.findIndex(text => upstream?.kind === "usable" && urlOf(text) === upstream.url);
    const remarks: Remark[] = own < 0 ? [] : [upstreamRemark(own + 1 === endpoints.length, [...path, "endpoint", own])];
    if (rewrites.length > 0) {
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
