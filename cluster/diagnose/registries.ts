import { parseImage } from "../lint/images/reference.ts";
import type { Message } from "./message.ts";

/**
 * Who runs a registry, by the end of its hosts' names: registries of one operator may fail together, and hosts of one
 * operator stand in for each other (tokens, blobs, redirects).
 */
const OPERATORS: readonly [string, readonly string[]][] = [
    ["Docker", ["docker.io", "docker.com", "docker-images-prod.r2.cloudflarestorage.com"]],
    ["GitHub", ["ghcr.io", "github.com", "githubusercontent.com", "lscr.io"]],
    ["Google", ["gcr.io", "pkg.dev", "googleapis.com", "k8s.io"]],
    ["Red Hat", ["quay.io", "redhat.io", "redhat.com"]],
    ["Amazon", ["ecr.aws", "amazonaws.com", "cloudfront.net"]],
    ["Microsoft", ["mcr.microsoft.com", "microsoft.com", "azurecr.io", "azureedge.net", "windows.net"]],
    ["GitLab", ["gitlab.com"]],
    ["SUSE", ["suse.com", "opensuse.org"]],
];

/** The registry of an image, as its name tells: `docker.io` without one. Empty for what cannot be an image. */
export function registryOf(image: string): string {
    return parseImage(image)?.repository.split("/")[0]?.toLowerCase() ?? "";
}

/** Whoever runs that host: a known operator, or else its domain. */
export function operatorOf(host: string): string {
    const name = host.replace(/:\d{1,5}$/, "").toLowerCase();
    const known = OPERATORS.find(([, ends]) => ends.some(end => name === end || name.endsWith(`.${end}`)));
    if (known) return known[0];
    if (isAddress(name)) return name;
    const labels = name.split(".");
    // `co.uk` and its like hold many operators.
    const kept = labels.length > 2 && labels.at(-2)!.length <= 3 && labels.at(-1)!.length === 2 ? 3 : 2;
    return labels.slice(-kept).join(".");
}

/** Whether that registry is so well known that a resolver which denies its name is at fault. */
export function isWellKnown(registry: string): boolean {
    return OPERATORS.some(([operator]) => operator === operatorOf(registry));
}

/** The mirror that was asked in place of the registry; null where the registry itself was asked, or nobody is named. */
export function mirrorAsked(registry: string, { asked, onBehalfOf, isForContent }: Message): string | null {
    if (asked === undefined || registry === "") return null;
    const isItsOwn = asked === registry || operatorOf(asked) === operatorOf(registry);
    if (onBehalfOf !== undefined && !isItsOwn) return asked;
    return !isItsOwn && (isForContent || isLocal(asked)) ? asked : null;
}

/** Whether the registry itself answered: a status came, and the request went to a host of its operator. */
export function hasAnswered(registry: string, { status, asked }: Message): boolean {
    return status !== undefined && asked !== undefined && operatorOf(asked) === operatorOf(registry);
}

function isAddress(host: string): boolean {
    return host.startsWith("[") || /^[\d.]+$/.test(host);
}

/** An address of the own network, or a name without a domain. */
function isLocal(host: string): boolean {
    const name = host.replace(/:\d{1,5}$/, "");
    return (
        /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[(?:::1|f[cd]))/.test(name) ||
        !name.includes(".") ||
        /\.(?:local|lan|internal|home\.arpa|svc)$/.test(name)
    );
}
