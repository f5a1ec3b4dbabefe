import { compareBytes, quote } from "./goText.ts";
import type { Registries } from "./schema.ts";

/** What the config.toml that K3s wrote for its containerd says about registries. */
export interface ContainerdConfig {
    /** Directories that hosts.toml files are read from. Empty where mirrors stand in config.toml itself. */
    configPaths: ReadonlySet<string>;
    /** Credentials in force, in a form to compare with `credentialsOf`. */
    credentials: string;
}

/** Names of `auth` in config.toml, by its names in registries.yaml (K3s, pkg/agent/templates/templates.go). */
const AUTH_FIELDS = {
    username: "username",
    password: "password",
    auth: "auth",
    identity_token: "identitytoken",
} as const;

/** Reads a config.toml line by line, as K3s's template prints it. */
export function readContainerdConfig(text: string): ContainerdConfig {
    const configPaths = new Set<string>();
    const credentials = new Map<string, Map<string, string>>();
    let section = "";
    for (const line of text.split("\n").map(one => one.trim())) {
        if (line.startsWith("[")) section = line;
        const [, key, value] = /^(\w+) *= *(".*")$/.exec(line) ?? [];
        if (key === undefined || value === undefined) continue;
        if (key === "config_path" && section.endsWith(".registry]")) configPaths.add(value.slice(1, -1));
        const host = /\.registry\.configs\.(["'])(.*)\1\.auth\]$/.exec(section)?.[2];
        if (host !== undefined) credentials.set(host, (credentials.get(host) ?? new Map()).set(key, value));
    }
    return { configPaths, credentials: comparable(credentials) };
}

/** The credentials of a registries.yaml as K3s writes them into config.toml, in a form to compare. */
export function credentialsOf({ configs = {} }: Registries): string {
    const credentials = Object.entries(configs).map(([host, { auth = {} }]) => {
        const fields = Object.entries(AUTH_FIELDS).map(([field, name]) => [name, auth[field as keyof typeof auth]]);
        return [
            host,
            new Map(fields.flatMap(([name, value]) => (name && value ? [[name, quote(value)]] : []))),
        ] as const;
    });
    return comparable(new Map(credentials));
}

function comparable(credentials: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
    const entries = [...credentials]
        .filter(([, fields]) => fields.size > 0)
        .map(([host, fields]) => [host, [...fields].toSorted(byName)] as const);
    return JSON.stringify(entries.toSorted(byName));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
    return compareBytes(a, b);
}
