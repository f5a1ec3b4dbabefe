import type { FilePath, Position } from "./place.ts";
import type { Registries } from "./schema.ts";
import type { K3sVersion } from "./version.ts";

/** What each rule is about. */
export const RULES = {
    unreadable: "K3s does not start with this file.",
    "unknown-key": "K3s does not know a key and ignores it.",
    "unread-part": "K3s reads the first document only, and more follows.",
    "section-twice": "A section stands twice, and K3s makes one of both.",
    "key-twice": "A name or setting stands twice, and K3s takes the last.",
    "merge-order": "A merge key replaces what stands above it.",
    "auths-unused": "K3s reads `auths` and does not use it.",
    "mirror-name": "A mirror's name is not one that image references use.",
    "mirror-without-endpoint": "A mirror names no endpoint.",
    "endpoint-without-settings": "Settings stand under a mirror's name, and its endpoint has none.",
    "wildcard-loses-upstream": 'A `"*"` mirror has no upstream on this K3s release.',
    "wildcard-settings": 'Settings for `"*"` reach every registry, or none.',
    "wildcard-twice": 'Both `"*"` and `_default` are given.',
    "upstream-listed": "The upstream is listed as an endpoint.",
    "rewrite-without-endpoint": "Rewrites have no endpoint to apply to.",
    "rewrite-not-upstream": "The upstream is asked for the name before the rewrite.",
    "rewrite-pattern": "A rewrite is not a regular expression of Go.",
    "rewrite-never": "A rewrite matches no repository.",
    "rewrite-overlap": "Two rewrites match the same repository.",
    "rewrite-group": "A replacement names a group that its pattern does not have.",
    "rewrite-result": "A replacement makes no repository's name.",
    "rewrite-quoting": "A rewrite makes the hosts.toml unreadable.",
    "endpoint-invalid": "K3s leaves the endpoint out, or its releases differ on it.",
    "endpoint-ipv6": "An IPv6 address is not in brackets, or this K3s release cannot read it.",
    "endpoint-scheme": "An endpoint has no scheme, or one that containerd does not speak.",
    "endpoint-port": "An endpoint's port is impossible or belongs to the other scheme.",
    "endpoint-path": "An endpoint's path replaces /v2 and does not have it.",
    "endpoint-duplicate": "An endpoint is listed twice.",
    "endpoint-unreachable": "A node cannot reach an endpoint of this name.",
    "endpoint-plain-http": "An endpoint is asked without TLS.",
    "config-name": "The name of a configuration is not a host.",
    "config-unused": "No endpoint uses a configuration.",
    "docker-hub-auth": "Credentials for Docker Hub stand under a name that containerd does not look up.",
    "auth-incomplete": "Credentials are not complete.",
    "auth-twice": "Credentials are given in more than one way.",
    "auth-over-http": "Credentials cross the network in the clear.",
    "tls-for-http": "TLS settings are given for an http endpoint.",
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

/** The node that a file is for, as far as it is known. */
export interface CheckedNode {
    /** Its release of K3s; null when it is not known. */
    version: K3sVersion | null;
    /** Whether its K3s runs with `embedded-registry`. */
    embeddedRegistry: boolean;
    /** Whether its K3s runs with `disable-default-registry-endpoint`. */
    disableDefaultRegistryEndpoint: boolean;
}

/** What a rule looks at. */
export interface Subject extends CheckedNode {
    registries: Registries;
}

/** What a rule says, before it is known where that stands. */
export interface Remark {
    rule: RuleName;
    severity: Severity;
    path: FilePath;
    message: string;
}
