import { describe, expect, test } from "vitest";
import { mirrorsOf } from "../../../../network/pullThrough/mirrors.ts";
import { cachedUpstreams, PLANNED_UPSTREAMS, Upstream } from "../../../../network/pullThrough/upstream.ts";
import { registriesOf } from "../../../../network/registries/args.ts";
import { checkRegistries } from "../../../../network/registries/check.ts";
import { parseRegistries } from "../../../../network/registries/parse.ts";
import { registriesYaml } from "../../../../network/registries/registriesYaml.ts";
import { DEFAULT_DATA_DIR, renderCertsD } from "../../../../network/registries/rendering/certsD.ts";
import { parseK3sVersion } from "../../../../network/registries/version.ts";

const given = (...upstreams: (typeof PLANNED_UPSTREAMS)[number][]) => upstreams.map(one => Upstream.parse(one));

describe("a cache's upstreams", () => {
    test("have two ports each, in the order given", () => {
        const cached = cachedUpstreams(given(...PLANNED_UPSTREAMS));
        expect(cached.map(({ registry, proxyPort, twinPort }) => [registry, proxyPort, twinPort])).toEqual([
            ["docker.io", 5000, 5001],
            ["ghcr.io", 5002, 5003],
            ["quay.io", 5004, 5005],
            ["registry.k8s.io", 5006, 5007],
        ]);
    });

    test("are asked at their own host, Docker Hub at its registry's", () => {
        const cached = cachedUpstreams(given({ registry: "docker.io" }, { registry: "a.example:8443" }));
        expect(cached.map(({ url, slug }) => [url, slug])).toEqual([
            ["https://registry-1.docker.io", "docker.io"],
            ["https://a.example:8443", "a.example-8443"],
        ]);
    });

    test.each([
        [
            "a name twice",
            given({ registry: "ghcr.io" }, { registry: "b.example", aliases: ["ghcr.io"] }),
            /ghcr.io is cached twice/,
        ],
        [
            "a twin's port twice",
            given({ registry: "a.example", port: 6001 }, { registry: "b.example", port: 6002 }),
            /Port 6002 is used twice/,
        ],
        [
            "a metrics port that another has",
            given({ registry: "a.example", port: 5000 }, { registry: "b.example", port: 6000 }),
            /Port 6000 is used twice/,
        ],
        ["ports beyond the last", given({ registry: "a.example", port: 64999 }), /no port 65999/],
    ])("are refused with %s", (_, upstreams, message) => {
        expect(() => cachedUpstreams(upstreams)).toThrow(message);
    });
});

describe("the nodes' mirrors", () => {
    const registries = registriesOf(mirrorsOf("10.27.27.5", cachedUpstreams(given(...PLANNED_UPSTREAMS))));

    test("name the proxy, then the twin, under every name of a registry", () => {
        const endpoint = ["https://10.27.27.5:5002", "https://10.27.27.5:5003"];
        expect(registries.mirrors).toMatchObject({ "ghcr.io": { endpoint }, "oci.external-secrets.io": { endpoint } });
    });

    test("keep the upstream behind them, and verify the cache's certificate", () => {
        const files = renderCertsD(registries, {
            version: parseK3sVersion("v1.33.3+k3s1")!,
            dataDir: DEFAULT_DATA_DIR,
            embeddedRegistry: null,
            disableDefaultRegistryEndpoint: false,
        });
        const toml = files.get("ghcr.io/hosts.toml")!;
        expect(toml).toContain('server = "https://ghcr.io/v2"');
        expect(toml.indexOf(":5002")).toBeLessThan(toml.indexOf(":5003"));
        expect(toml).toContain('ca = ["/etc/rancher/k3s/registries-ca/clearpath-cache.crt"]');
        expect(toml).not.toContain("skip_verify");
    });

    test.each(["10.27.27.5", "2001:db8:27::5", "cache.example"])(
        "are a registries.yaml without a fault at %s",
        address => {
            const text = registriesYaml(registriesOf(mirrorsOf(address, cachedUpstreams(given(...PLANNED_UPSTREAMS)))));
            expect(parseRegistries(text).problems).toEqual([]);
            expect(
                checkRegistries(text, { version: parseK3sVersion("v1.33.3+k3s1") }).filter(
                    ({ severity }) => severity !== "info",
                ),
            ).toEqual([]);
        },
    );
});
