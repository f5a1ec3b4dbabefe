import type { FilePath, Position } from "./readYaml.ts";
import type { Registries } from "./schema.ts";
import type { K3sVersion } from "./version.ts";

/** What each rule is about. */
export const RULES = {
    unreadable: "The file is not one that K3s and Clearpath understand alike.",
    "mirror-name": "A mirror's name is not one that image references use.",
    "mirror-without-endpoint": "A mirror names no endpoint.",
    "wildcard-loses-upstream": 'A `"*"` mirror has no upstream on this K3s release.',
    "wildcard-settings": 'Settings for `"*"` reach no endpoint.',
    "wildcard-twice": 'Both `"*"` and `_default` are given.',
    "upstream-listed": "The upstream is listed as an endpoint.",
    "rewrite-without-endpoint": "Rewrites have no endpoint to apply to.",
    "rewrite-not-upstream": "The upstream is asked for the name before the rewrite.",
    "rewrite-pattern": "A rewrite is not a regular expression of Go.",
    "rewrite-quoting": "A rewrite makes the hosts.toml unreadable.",
    "endpoint-invalid": "K3s leaves the endpoint out, or its releases differ on it.",
    "endpoint-ipv6": "An IPv6 address is not in brackets.",
    "endpoint-scheme": "An endpoint has no scheme, or one that containerd does not speak.",
    "endpoint-port": "An endpoint's port is impossible or belongs to the other scheme.",
    "endpoint-path": "An endpoint's path replaces /v2 and does not have it.",
    "endpoint-duplicate": "An endpoint is listed twice.",
    "endpoint-unreachable": "A node cannot reach an endpoint of this name.",
    "endpoint-plain-http": "An endpoint is asked without TLS.",
    "config-name": "The name of a configuration is not a host.",
    "config-unused": "No endpoint uses a configuration.",
    "docker-hub-auth": "Credentials for Docker Hub stand under a name that containerd does not look up.",
    "auth-incomplete": "Credentials are not whole.",
    "auth-twice": "Credentials are given in more than one way.",
    "auth-over-http": "Credentials cross the network in the clear.",
    "tls-unverified": "Certificates are not verified.",
    "tls-client": "A client certificate is given without its key, or a key without its certificate.",
    "tls-path": "A TLS file's path is not absolute.",
} as const;

export type RuleName = keyof typeof RULES;

/** `error`: it does not do what is written; `warning`: it does, at a risk; `info`: good to know. */
export type Severity = "error" | "warning" | "info";

/** Something wrong with, or risky in, a registries.yaml. */
export interface Finding extends Position {
    rule: RuleName;
    severity: Severity;
    /** The value's path as it is written in code. */
    path: string;
    /** What is wrong, what it does, and what to do. */
    message: string;
}

/** What a rule looks at. */
export interface Subject {
    registries: Registries;
    /** Release the file is for; null when it is not known. */
    version: K3sVersion | null;
}

/** What a rule says, before it is known where that stands. */
export interface Remark {
    rule: RuleName;
    severity: Severity;
    path: FilePath;
    message: string;
}
