import { describe, expect, it } from "vitest";
import { readStackConfig } from "../../../components/config/stackConfig.ts";
import { imagesOfGroups } from "../../../network/images/groups.ts";

const base = {
    nodeSubnets: ["10.27.27.0/24"],
    nodes: [{ name: "cp1", role: "server", connection: { host: "10.27.27.11" } }],
    ssh: { user: "debian", privateKeyPath: "~/.ssh/id" },
};
const container = {
    nodeName: "pve",
    template: "local:vztmpl/debian-12.tar.zst",
    gateway: "10.27.27.1",
    sshKeys: ["k"],
};

function read(changes: Record<string, unknown>) {
    const values = Object.entries({ ...base, ...changes });
    return readStackConfig(
        Object.fromEntries(
            values.map(([key, value]) => [
                `clearpath:${key}`,
                typeof value === "string" ? value : JSON.stringify(value),
            ]),
        ),
    );
}

function cacheOf(cache: unknown) {
    const result = read({ mirror: "auto", cache });
    if ("faults" in result) throw new Error(result.faults.join("\n"));
    return result.config.cache;
}

describe("the settings of a cache", () => {
    it("become its arguments, with the connection that every host shares", () => {
        expect(cacheOf({ connection: { host: "10.27.27.5" } })).toMatchObject({
            placement: "host",
            host: { name: "registry", connection: { host: "10.27.27.5", user: "debian", privateKeyPath: "~/.ssh/id" } },
            firstPort: 5000,
            sizeLimitGiB: 50,
        });
    });

    it("name the images to hold by group and one by one", () => {
        const { warm } = cacheOf({
            connection: { host: "10.27.27.5" },
            warmGroups: ["flux"],
            warm: ["ghcr.io/a/b:1"],
        })!;
        expect(warm).toEqual([...imagesOfGroups(["flux"]), "ghcr.io/a/b:1"]);
    });

    it("describe a container, and a deployment", () => {
        expect(cacheOf({ placement: "lxc", connection: { host: "10.27.27.5" }, container })).toMatchObject({
            placement: "lxc",
            container: { ...container, datastore: "local-lvm" },
        });
        expect(cacheOf({ placement: "cluster", cluster: { address: "10.43.0.50" } })).toMatchObject({
            placement: "cluster",
            cluster: { address: "10.43.0.50", namespace: "clearpath-cache" },
        });
    });

    it.each([
        [
            "no cache",
            { mirror: "always" },
            "clearpath:cache: It is missing. With mirror always, Clearpath must know on which host to set up the cache.",
        ],
        ["no connection", { cache: {} }, "clearpath:cache.connection: It is missing. Placement host needs it"],
        [
            "no container",
            { cache: { placement: "lxc", connection: { host: "10.27.27.5" } } },
            "clearpath:cache.container: It is missing.",
        ],
        ["no cluster", { cache: { placement: "cluster" } }, "clearpath:cache.cluster: It is missing."],
        [
            "a cache where nothing is clamped",
            { cache: { connection: { host: "192.168.9.9" } } },
            'clearpath:cache.connection.host: "192.168.9.9" is in none of nodeSubnets',
        ],
        [
            "one registry twice",
            {
                cache: {
                    connection: { host: "10.27.27.5" },
                    upstreams: [{ registry: "ghcr.io" }, { registry: "ghcr.io" }],
                },
            },
            "clearpath:cache.upstreams: ghcr.io is cached twice.",
        ],
        [
            "an image group that is none",
            { cache: { connection: { host: "10.27.27.5" }, warmGroups: ["fluxx"] } },
            'clearpath:cache.warmGroups[0]: "fluxx" is not one of',
        ],
        [
            "an unknown setting",
            { mirror: "sometimes" },
            'clearpath:mirror: "sometimes" is not one of auto, always, never.',
        ],
    ])("with %s are refused in one line", (_, changes, line) => {
        const result = read(changes);
        expect("faults" in result ? result.faults : []).toEqual([expect.stringContaining(line)]);
    });

    it("show no password of an upstream that is wrong", () => {
        const upstreams = [{ registry: "ghcr.io", username: "me", password: 12345 }];
        const result = read({ cache: { connection: { host: "10.27.27.5" }, upstreams } });
        expect(JSON.stringify(result)).not.toContain("12345");
    });
});
