import {
    DOCKER_HUB_HOST,
    defaultHost,
    hostAndPort,
    isLocalhost,
    normalizeEndpoint,
    type UsableEndpoint,
} from "../endpoint.ts";
import type { Remark, RuleName, Severity, Subject } from "../finding.ts";
import type { Registries, RegistryAuth, RegistryConfig, RegistryTls } from "../schema.ts";
import { dockerIoAuthWorks, formatK3sVersion } from "../version.ts";
import { DEFAULT_IS_NO_NAME } from "./mirrors.ts";

/** Rules about configs: whether anything uses them, and whether their credentials and TLS settings work. */
export function configRemarks(subject: Subject): Remark[] {
    const endpoints = usableEndpoints(subject.registries);
    return Object.entries(subject.registries.configs ?? {}).flatMap(([name, config]) => {
        const used = endpoints.filter(endpoint => endpoint.registry === name || endpoint.host === name);
        return [
            ...nameRemarks(name, subject.registries, endpoints),
            ...authRemarks(name, config.auth, used, subject),
            ...tlsRemarks(name, config.tls),
        ];
    });
}

function usableEndpoints(registries: Registries): UsableEndpoint[] {
    return Object.values(registries.mirrors ?? {})
        .flatMap(mirror => mirror.endpoint ?? [])
        .map(text => normalizeEndpoint(text))
        .filter(endpoint => endpoint.kind === "usable");
}

function nameRemarks(name: string, registries: Registries, endpoints: UsableEndpoint[]): Remark[] {
    const path = ["configs", name];
    const say = (rule: RuleName, severity: Severity, message: string): Remark[] => [{ rule, severity, path, message }];
    if (name === "*") return wildcardRemarks(registries.configs!["*"]!);
    if (name === "_default") return say("config-name", "error", DEFAULT_IS_NO_NAME);
    if (name.includes("/")) {
        return say("config-name", "error", `Settings are looked up by host and port only. Write "${bareHost(name)}".`);
    }
    const address = normalizeEndpoint(name);
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
    return say("config-unused", "info", `No mirror uses this: it serves images named ${name}/… only.`);
}

function wildcardRemarks(config: RegistryConfig): Remark[] {
    if (!config.auth && !config.tls) return [];
    const message =
        'K3s looks up the settings of "*" for no endpoint, and without a "*" mirror writes them to a file that names no upstream. ' +
        "Write them under each host.";
    return [{ rule: "wildcard-settings", severity: "warning", path: ["configs", "*"], message }];
}

function authRemarks(name: string, auth: RegistryAuth | undefined, used: UsableEndpoint[], subject: Subject): Remark[] {
    if (!auth) return [];
    const path = ["configs", name, "auth"];
    const remarks: Remark[] = dockerHubRemarks(name, subject);
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
    if (encoded && !isBasicAuth(encoded)) {
        say("auth-incomplete", "error", "auth is not the base64 of `user:password`. Encode both, with the colon.");
    }
    if (used.some(({ scheme, host }) => scheme === "http" && !isLocalhost(host))) {
        say(
            "auth-over-http",
            "error",
            `The endpoint is asked over http, so anyone on the way reads the credentials. Use https.`,
        );
    }
    return remarks;
}

function dockerHubRemarks(name: string, { registries, version }: Subject): Remark[] {
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

function isBasicAuth(encoded: string): boolean {
    return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && Buffer.from(encoded, "base64").includes(":");
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
