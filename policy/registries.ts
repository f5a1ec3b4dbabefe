import type { StackValidationPolicy } from "@pulumi/policy";
import type { RegistriesArgs } from "../network/registries/args.ts";
import { isLocalhost, normalizeEndpoint } from "../network/registries/endpoint.ts";
import { formatK3sVersion, parseK3sVersion, wildcardKeepsUpstream } from "../network/registries/version.ts";
import { type Found, ifKnown, resourcesOf, separately } from "./stack.ts";

type Node = Found<"clearpath:k3s:Registries">;

/** A dead mirror must not stop pulls: containerd asks the registry itself when no mirror answers. */
export const upstreamFallbackKept: StackValidationPolicy = {
    name: "upstream-fallback-kept",
    description: "Behind every mirror stands the registry itself, for when no mirror answers.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            k3sVersion: {
                type: "string",
                default: "",
                description: "Release of K3s, such as v1.33.3+k3s1, for nodes that have none yet.",
            },
        },
    },
    validateStack: ({ resources, getConfig, notApplicable }, report) => {
        const { k3sVersion } = getConfig<{ k3sVersion: string }>();
        const nodes = resourcesOf(resources, "clearpath:k3s:Registries");
        if (nodes.length === 0) return notApplicable("There are no k3s:Registries in this stack.");
        const judgeWildcard = ({ name, urn, props }: Node) => {
            if (!Object.keys(props.registries.mirrors ?? {}).includes("*")) return;
            const told = k3sVersion === "" ? props.k3sVersion : (ifKnown(() => props.k3sVersion) ?? k3sVersion);
            const version = parseK3sVersion(told ?? "");
            if (version !== null && wildcardKeepsUpstream(version)) return;
            const where =
                version === null
                    ? "there is no K3s yet, and on v1.31.6 and v1.32.2"
                    : `on K3s ${formatK3sVersion(version)}`;
            report(
                `${name}: ${where} a "*" mirror has no upstream behind it. A mirror that is down stops every pull of the node. Name the registries one by one, or use v1.31.7, v1.32.3 or later${version === null ? " and set this policy's k3sVersion to it" : ""}.`,
                urn,
            );
        };
        const judgeFlag = ({ name, urn, props }: Node) => {
            const mirrored = Object.keys(props.registries.mirrors ?? {});
            if (mirrored.length === 0 || props.upstreamLast) return;
            report(
                `${name}: K3s runs there with disable-default-registry-endpoint, so no registry stands behind its mirrors. A mirror that is down stops pulls of ${mirrored.join(", ")}. Remove that from the node's K3s settings and restart it.`,
                urn,
            );
        };
        separately(
            nodes.flatMap(node => [() => judgeWildcard(node), () => judgeFlag(node)]),
            judge => judge(),
        );
    },
};

/** Nobody on the way may hand out images, or read credentials. */
export const registryTlsVerified: StackValidationPolicy = {
    name: "registry-tls-verified",
    description: "Nodes verify the certificate of every registry and mirror.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            exemptRegistries: {
                type: "array",
                items: { type: "string" },
                default: [],
                description: "Registries and mirrors, as host or host:port, that need not prove who they are.",
            },
        },
    },
    validateStack: ({ resources, getConfig, notApplicable }, report) => {
        const { exemptRegistries } = getConfig<{ exemptRegistries: string[] }>();
        const nodes = resourcesOf(resources, "clearpath:k3s:Registries");
        if (nodes.length === 0) return notApplicable("There are no k3s:Registries in this stack.");
        separately(nodes, ({ name, urn, props }) => {
            for (const { host, sentence } of unverified(props.registries))
                if (!exemptRegistries.includes(host)) report(`${name}: ${sentence}`, urn);
        });
    },
};

function unverified({ mirrors = {}, configs = {} }: RegistriesArgs): { host: string; sentence: string }[] {
    const skipped = Object.entries(configs)
        .filter(([, { tls }]) => tls?.insecure_skip_verify)
        .map(([host]) => ({
            host,
            sentence: `any certificate of ${host} is accepted. Whoever is on the way can hand out images of his own and read credentials. Name its certificate authority in tls.ca and remove insecure_skip_verify.`,
        }));
    const plain = new Set(Object.values(mirrors).flatMap(({ endpoint = [] }) => endpoint.flatMap(plainHost)));
    return [
        ...skipped,
        ...[...plain].map(host => ({
            host,
            sentence: `mirror ${host} is asked over http. Whoever is on the way can hand out images of his own and read credentials. Write https://${host}, with its certificate authority in tls.ca.`,
        })),
    ];
}

/** The host of an endpoint on another machine that is asked without TLS. */
function plainHost(endpoint: string): string[] {
    const found = normalizeEndpoint(endpoint);
    return found.kind === "usable" && found.scheme === "http" && !isLocalhost(found.host) ? [found.host] : [];
}
