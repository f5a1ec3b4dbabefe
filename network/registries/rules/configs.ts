import {
    DOCKER_HUB_HOST,
    defaultHost,
    hostAndPort,
    isLocalhost,
    normalizeEndpoint,
    type UsableEndpoint,
} from "../endpoint.ts";
import type { Remark, RuleName, Severity, Subject } from "../finding.ts";
import type { Mirror, Registries, RegistryAuth, RegistryConfig, RegistryTls } from "../schema.ts";
import { dockerIoAuthWorks, formatK3sVersion } from "../version.ts";
import { DEFAULT_IS_NO_NAME, noPattern } from "./mirrors.ts";

/** Rules about configs: whether anything uses them, and whether their credentials and TLS settings work. */
export function configRemarks(subject: Subject): Remark[] {
    const endpoints = usableEndpoints(subject.registries);
    return Object.entries(subject.registries.configs ?? {}).flatMap(([name, config]) => {
        const used = endpoints.filter(endpoint => endpoint.registry === name || endpoint.host === name);
        const misplaced = misplacedRemarks(name, config, subject);
        return [
            ...nameRemarks(name, subject.registries, endpoints),
            ...misplaced,
            ...(misplaced.length > 0 ? [] : dockerHubRemarks(name, config.auth, subject)),
            ...authRemarks(name, config.auth, used),
            ...tlsRemarks(name, config.tls),
        ];
    });
}

function usableEndpoints(registries: Registries): UsableEndpoint[] {
    return Object.values(registries.mirrors ?? {}).flatMap(endpointsOf);
}

function endpointsOf({ endpoint = [] }: Mirror): UsableEndpoint[] {
    return endpoint.map(text => normalizeEndpoint(text)).filter(one => one.kind === "usable");
}

/**
 * Settings under a mirror's name, while its endpoints have none. K3s looks settings up by an endpoint's host
 * (pkg/agent/containerd/config.go, getHostConfigs), so these go to the upstream only.
 */
function misplacedRemarks(name: string, config: RegistryConfig, subject: Subject): Remark[] {
    const { registries, version } = subject;
    const mirror = name === "*" ? undefined : registries.mirrors?.[name];
    const kinds = (["auth", "tls"] as const).filter(kind => hasSettings(config[kind]));
    if (!mirror || kinds.length === 0) return [];
    const endpoints = endpointsOf(mirror);
    const configs = registries.configs ?? {};
    const hasOwn = ({ host, registry }: UsableEndpoint) =>
        Object.hasOwn(configs, host) || Object.hasOwn(configs, registry);
    if (endpoints.some(hasOwn)) return [];
    const without = [...new Set(endpoints.map(({ registry }) => registry))];
    if (without.length === 0) return [];
    const what = kinds.length === 2 ? "settings" : kinds[0] === "auth" ? "credentials" : "TLS settings";
    const hosts = without.join(", ");
    const hub =
        name === "docker.io" && kinds.includes("auth") && !(version && dockerIoAuthWorks(version))
            ? ` If they are meant for Docker Hub, write them under ${DOCKER_HUB_HOST}.`
            : "";
    const message =
        `${hosts} ${without.length > 1 ? "have" : "has"} no ${what}: K3s looks them up by the endpoint's host, so those under ${name} go to the upstream only. ` +
        `If they are meant for the endpoint, write them under configs."${without[0]}".${hub}`;
    return [{ rule: "endpoint-without-settings", severity: "warning", path: ["configs", name], message }];
}

function hasSettings(settings: RegistryAuth | RegistryTls | undefined): boolean {
    return Object.values(settings ?? {}).some(value => value !== "" && value !== false);
}

function nameRemarks(name: string, registries: Registries, endpoints: UsableEndpoint[]): Remark[] {
    const path = ["configs", name];
    const say = (rule: RuleName, severity: Severity, message: string): Remark[] => [{ rule, severity, path, message }];
    if (name === "*") return wildcardRemarks(registries);
    if (name === "_default") return say("config-name", "error", DEFAULT_IS_NO_NAME);
    if (name.includes("/")) {
        return say("config-name", "error", `Settings are looked up by host and port only. Write "${bareHost(name)}".`);
    }
    if (name.includes("*")) return say("config-name", "error", noPattern(name, "Write each host, or"));
    const address = normalizeEndpoint(name);
    if (name === "" || name.startsWith("?") || name.startsWith("#"))
        return say("config-name", "error", `"${name}" is not a host. Correct it.`);
    if (address.kind !== "usable")
        return say("config-name", "error", `"${name}" is not a host: ${address.reason}. Correct it.`);
    const names = Object.keys(registries.mirrors ?? {});
    const looksUp = [...endpoints, ...names.map(mirror => ({ registry: mirror, host: defaultHost(mirror) }))];
    if (looksUp.some(({ registry, host }) => registry === name || host === name)) return [];
    const near = endpoints.find(({ host }) => hostAndPort(host).name === hostAndPort(name).name);
    if (near) {
        const message = `No endpoint is looked up by this name; one is by "${near.registry}", port included. Write that.`;
        return say("config-unused", "warning", message);
    }
    if (/[A-Z]/.test(name)) {
        const message = `Hosts in image references are lower case, so "${name}" is not looked up. Write it in lower case.`;
        return say("config-name", "warning", message);
    }
    const alike = endpoints.find(({ host }) => isCutShort(hostAndPort(name).name, hostAndPort(host).name));
    if (alike) {
        const message = `No endpoint is looked up by this name. If it is meant for the endpoint ${alike.registry}, write that.`;
        return say("config-unused", "warning", message);
    }
    return say("config-unused", "info", `No mirror uses this: it serves images named ${name}/… only.`);
}

/** Whether one host is the other without its domain. */
function isCutShort(one: string, other: string): boolean {
    return one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** What K3s makes of settings for all registries: a hosts.toml without `server`, which containerd uses for each registry without one of its own. */
function wildcardRemarks({ configs, mirrors }: Registries): Remark[] {
    const { auth, tls } = configs!["*"]!;
    const say = (field: "auth" | "tls", severity: Severity, message: string): Remark => {
        return { rule: "wildcard-settings", severity, path: ["configs", "*", field], message };
    };
    const remarks: Remark[] = [];
    if (hasSettings(auth)) {
        const message =
            'containerd looks up credentials by a registry\'s host and never by "*", so nothing uses these. Write them under each host.';
        remarks.push(say("auth", "error", message));
    }
    if (tls === undefined) return remarks;
    if (mirrors?.["*"]) {
        const message =
            'With a "*" mirror, K3s leaves these settings out, so nothing uses them. Write them under each host.';
        remarks.push(say("tls", "error", message));
        return remarks;
    }
    const effects = [
        tls.insecure_skip_verify ? "is asked without a check of its certificate" : "",
        tls.ca_file ? "is trusted with certificates of this CA" : "",
        tls.cert_file || tls.key_file ? "is shown this client certificate" : "",
    ].filter(effect => effect !== "");
    if (effects.length === 0) return remarks;
    const message = `Every registry that mirrors and configs do not name ${effects.join(" and ")}, Docker Hub included; mirrors' endpoints do not get these settings. Write them under each host.`;
    remarks.push(say("tls", "warning", message));
    return remarks;
}

function authRemarks(name: string, auth: RegistryAuth | undefined, used: UsableEndpoint[]): Remark[] {
    if (!auth) return [];
    const path = ["configs", name, "auth"];
    const remarks: Remark[] = [];
    const say = (rule: RuleName, severity: Severity, message: string) =>
        remarks.push({ rule, severity, path, message });

    const { username, password, auth: encoded, identity_token: token } = auth;
    const ways = [username ?? password, encoded, token].filter(way => way !== undefined && way !== "");
    if (ways.length > 1) {
        say(
            "auth-twice",
            "warning",
            "containerd takes the user name first, then the identity token, then auth. Keep one.",
        );
    }
    if (ways.length === 0) say("auth-incomplete", "warning", "It holds no credentials. Add some or remove it.");
    else if (!encoded && !token && (!username || !password)) {
        say("auth-incomplete", "error", `The ${username ? "password" : "user name"} is missing. Add it.`);
    }
    const encodingFault = encoded ? faultOfEncoding(encoded) : null;
    if (encodingFault) say("auth-incomplete", "error", encodingFault);
    if (used.some(({ scheme, host }) => scheme === "http" && !isLocalhost(host))) {
        say(
            "auth-over-http",
            "error",
            `The endpoint is asked over http, so anyone on the way reads the credentials. Use https.`,
        );
    }
    return remarks;
}

function dockerHubRemarks(name: string, auth: RegistryAuth | undefined, { registries, version }: Subject): Remark[] {
    if (!auth) return [];
    const path = ["configs", name, "auth"];
    const say = (severity: Severity, message: string): Remark[] => [
        { rule: "docker-hub-auth", severity, path, message: `${message} Write it under ${DOCKER_HUB_HOST}.` },
    ];
    if (name === "index.docker.io") return say("error", "containerd never looks up index.docker.io.");
    if (name !== "docker.io" || registries.configs?.[DOCKER_HUB_HOST]?.auth) return [];
    if (!version) return say("warning", "Only K3s v1.31.11, v1.32.7, v1.33.3 and later look up docker.io.");
    return dockerIoAuthWorks(version)
        ? []
        : say("error", `K3s ${formatK3sVersion(version)} does not look up docker.io.`);
}

/** Why containerd cannot read an `auth` (ParseAuth: Go's base64.StdEncoding, then a colon); null where it can. */
function faultOfEncoding(encoded: string): string | null {
    const isPlain = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded);
    const hasColon = Buffer.from(encoded, "base64").includes(":");
    if (isPlain && hasColon && encoded.length % 4 !== 0) {
        return "auth is base64 without its = at the end, which containerd does not read. Add the padding.";
    }
    if (isPlain && hasColon) return null;
    return "auth is not the base64 of `user:password`. Encode both, with the colon.";
}

function tlsRemarks(name: string, tls: RegistryTls | undefined): Remark[] {
    const remarks: Remark[] = [];
    const say = (field: keyof RegistryTls, rule: RuleName, severity: Severity, message: string) =>
        remarks.push({ rule, severity, path: ["configs", name, "tls", field], message });
    if (tls?.insecure_skip_verify) {
        say("insecure_skip_verify", "tls-unverified", "warning", TLS_UNVERIFIED);
    }
    for (const field of ["ca_file", "cert_file", "key_file"] as const) {
        if (!tls?.[field] || tls[field].startsWith("/")) continue;
        say(
            field,
            "tls-path",
            "error",
            "containerd looks for it below certs.d, not beside this file. Write an absolute path.",
        );
    }
    if (tls?.cert_file && !tls.key_file)
        say("cert_file", "tls-client", "error", "key_file is missing, so every pull fails. Add it.");
    if (tls?.key_file && !tls.cert_file)
        say("key_file", "tls-client", "error", "cert_file is missing, so every pull fails. Add it.");
    return remarks;
}

const TLS_UNVERIFIED =
    "Any certificate is accepted, so anyone on the way can hand out images and read credentials. Name the CA in ca_file instead.";

function bareHost(name: string): string {
    return name.replace(/^[^/]*:\/\//, "").replace(/\/.*$/, "");
}
