import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeOfRegistries, driftOfCertsD, type NodeRegistries } from "../../../../network/registries/change.ts";
import { registriesYaml } from "../../../../network/registries/registriesYaml.ts";
import {
    type CertsDNode,
    EMBEDDED_REGISTRY,
    NotReproducible,
    renderCertsD,
} from "../../../../network/registries/rendering/certsD.ts";
import type { Registries } from "../../../../network/registries/schema.ts";
import { anyRegistries } from "./arbitrary.ts";

const K3S: CertsDNode = {
    version: { minor: 33, patch: 3 },
    dataDir: "/var/lib/rancher/k3s",
    embeddedRegistry: null,
    disableDefaultRegistryEndpoint: false,
};
const CONFIG = `version = 3
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"
`;
const CREDENTIALS = `
[plugins.'io.containerd.cri.v1.images'.registry.configs."cache.lan".auth]
  username = "u"
  password = "p\\"1"
`;
const CACHE: Registries = { mirrors: { "docker.io": { endpoint: ["https://cache.lan"] } } };
const WITH_PASSWORD: Registries = { ...CACHE, configs: { "cache.lan": { auth: { username: "u", password: 'p"1' } } } };

/** A node whose K3s has started with these registries. */
function started(registries: Registries | null, change: Partial<NodeRegistries> = {}, node = K3S): NodeRegistries {
    return {
        version: node.version,
        runningUnit: "k3s.service",
        dataDir: node.dataDir,
        disableDefaultRegistryEndpoint: node.disableDefaultRegistryEndpoint,
        containerdConfig: CONFIG,
        registries: registries && registriesYaml(registries),
        certsD: renderCertsD(registries ?? {}, node),
        formerRegistries: [],
        renderedWith: null,
        ...change,
    };
}

describe("other mirrors", () => {
    it("are live as soon as K3s's own hosts.toml files are in place", () => {
        const wanted: Registries = { mirrors: { "ghcr.io": { endpoint: ["https://cache.lan"] } } };

        const change = changeOfRegistries(started(CACHE), registriesYaml(wanted));

        expect(change).toMatchObject({ effect: "live", remove: ["docker.io/hosts.toml"], renderedWith: K3S });
        expect(change.write).toEqual(renderCertsD(wanted, K3S));
    });

    it("leave what does not change, and what others wrote, alone", () => {
        const certsD = new Map([...renderCertsD(CACHE, K3S), ["other.lan/hosts.toml", "# mine\n"]]);
        const wanted = { mirrors: { ...CACHE.mirrors, "ghcr.io": { endpoint: ["https://cache.lan"] } } };

        const change = changeOfRegistries(started(CACHE, { certsD }), registriesYaml(wanted));

        expect([...change.write.keys()]).toEqual(["ghcr.io/hosts.toml"]);
        expect(change.remove).toEqual([]);
    });

    it("are rendered with the embedded registry where the present ones are", () => {
        const embedded = { ...K3S, embeddedRegistry: EMBEDDED_REGISTRY };

        const change = changeOfRegistries(started(CACHE, {}, embedded), registriesYaml({}));

        expect(change).toMatchObject({ effect: "live", renderedWith: embedded, remove: ["docker.io/hosts.toml"] });
    });

    it("wait for the start of a K3s that does not run", () => {
        const node = started(null, { runningUnit: null, version: null, containerdConfig: null });

        expect(changeOfRegistries(node, registriesYaml(CACHE))).toMatchObject({ effect: "at-start", remove: [] });
    });

    it("that K3s would start with change no byte at its next start", () => {
        fc.assert(
            fc.property(anyRegistries, anyRegistries, fc.boolean(), (before, after, isEmbedded) => {
                const node = { ...K3S, embeddedRegistry: isEmbedded ? EMBEDDED_REGISTRY : null };
                let present: NodeRegistries;
                try {
                    present = started(before, {}, node);
                    renderCertsD(after, node);
                } catch (error) {
                    if (error instanceof NotReproducible) return;
                    throw error;
                }
                const { effect, write, remove } = changeOfRegistries(present, registriesYaml(after));
                if (effect !== "live") return;
                const files = new Map(
                    [...present.certsD].filter(([path]) => !remove.includes(path)).concat([...write]),
                );

                expect(new Map([...files].toSorted())).toEqual(new Map([...renderCertsD(after, node)].toSorted()));
            }),
        );
    });
});

describe("a restart is needed", () => {
    const changed = { mirrors: {} };
    it.each<[string, NodeRegistries, Registries, RegExp]>([
        ["for new credentials", started(CACHE), WITH_PASSWORD, /Credentials change/],
        [
            "for credentials that go",
            started(WITH_PASSWORD, { containerdConfig: CONFIG + CREDENTIALS }),
            CACHE,
            /Credentials change/,
        ],
        [
            "for credentials that are in the file, and that K3s has not read yet",
            started(WITH_PASSWORD),
            WITH_PASSWORD,
            /Credentials change/,
        ],
        ["without a config.toml", started(CACHE, { containerdConfig: null }), changed, /has no config_path/],
        [
            "where config.toml names no directory",
            started(CACHE, { containerdConfig: "version = 3\n" }),
            changed,
            /has no config_path/,
        ],
        ["where K3s does not say its release", started(CACHE, { version: null }), changed, /which release/],
        [
            "where K3s has not read the present file",
            started(CACHE, { registries: registriesYaml(WITH_PASSWORD), certsD: new Map() }),
            changed,
            /not what K3s would render/,
        ],
        [
            "where a template of somebody else's renders certs.d",
            started(CACHE, { certsD: new Map([["docker.io/hosts.toml", "# other\n"]]) }),
            changed,
            /not what K3s would render/,
        ],
        [
            "for what K3s would make by chance",
            started(CACHE),
            { mirrors: { "*": {}, _default: {} } },
            /picks one by chance/,
        ],
    ])("%s", (_, node, wanted, why) => {
        const change = changeOfRegistries(node, registriesYaml(wanted));

        expect(change).toMatchObject({ effect: "restart", remove: [], renderedWith: null });
        expect(change.why).toMatch(why);
        expect(change.write.size).toBe(0);
    });

    it("and not for credentials that stay", () => {
        const node = started(WITH_PASSWORD, { containerdConfig: CONFIG + CREDENTIALS });
        const wanted = { ...WITH_PASSWORD, mirrors: { "ghcr.io": { endpoint: ["https://cache.lan"] } } };

        expect(changeOfRegistries(node, registriesYaml(wanted)).effect).toBe("live");
    });

    it("where the file that was there before cannot be understood", () => {
        expect(changeOfRegistries(started(CACHE), "mirrors: [").why).toMatch(
            /cannot be understood: line 1: a \[ or {.*\.$/,
        );
    });
});

describe("drift", () => {
    const applied = registriesYaml(CACHE);

    it("of registries.yaml is repaired live, since what was applied is known", () => {
        const node = started(CACHE, { registries: "mirrors: {}\n", formerRegistries: [applied] });

        expect(changeOfRegistries(node, applied)).toMatchObject({ effect: "live", write: new Map(), remove: [] });
    });

    it("of certs.d is found and repaired live, on the K3s that it was once rendered with", () => {
        const node = started(CACHE, { certsD: new Map(), renderedWith: K3S });

        expect(driftOfCertsD(node, applied)).toEqual(["docker.io/hosts.toml"]);
        expect(changeOfRegistries(node, applied)).toMatchObject({ effect: "live" });
    });

    it("of certs.d is not claimed on another release", () => {
        const node = started(CACHE, {
            certsD: new Map(),
            renderedWith: K3S,
            version: { minor: 34, patch: 0 },
        });

        expect(driftOfCertsD(node, applied)).toBeNull();
        expect(changeOfRegistries(node, applied)).toMatchObject({ effect: "restart" });
    });

    it("is none where everything is as it was written", () => {
        expect(driftOfCertsD(started(CACHE, { renderedWith: K3S }), applied)).toEqual([]);
    });
});
