import { describe, expect, it } from "vitest";
import type { ClusterCacheArgs } from "../../../components/pullThrough/clusterCache.ts";
import type { ContainerArgs } from "../../../components/pullThrough/proxmoxContainer.ts";
import { PullThroughRegistry, type PullThroughRegistryArgs } from "../../../components/pullThroughRegistry.ts";
import { known, type Outputs, type Registered, registeredBy } from "./recorded.ts";

const host = { name: "registry", connection: { host: "10.27.27.5", password: "hunter2" } };
const onHost: PullThroughRegistryArgs = { placement: "host", host, upstreams: [{ registry: "ghcr.io" }] };

/** What hosts and clusters answer. */
const answers: Outputs = (type, name) => ({
    appliedAt: `2025-01-01T00:00:00Z ${name}`,
    ...(type === "clearpath:tls:ServerCertificate" && {
        caCertificate: "CA",
        certificate: "CERTIFICATE",
        privateKey: "KEY",
    }),
    ...(type === "clearpath:cache:WarmImages" && {
        held: ["a"],
        missing: [{ image: "b", reason: "404" }],
        fetchedBytes: 1,
    }),
    ...(type === "kubernetes:core/v1:Secret" && { metadata: { name: "cache", resourceVersion: "7" } }),
});

const register = (args: PullThroughRegistryArgs) =>
    registeredBy(() => new PullThroughRegistry("cache", args), { outputs: answers });

function named(resources: Registered[], name: string): Registered["inputs"] {
    const found = resources.find(resource => resource.name === name);
    if (!found) throw new Error(`${name} was not registered, only ${resources.map(one => one.name).join(", ")}`);
    return found.inputs;
}

describe("PullThroughRegistry on a host", () => {
    it("installs Debian's registry and runs a proxy and a twin of every upstream", async () => {
        const { resources } = await register({ ...onHost, upstreams: undefined });
        expect(named(resources, "cache-packages").packages).toEqual([
            "ca-certificates",
            "procps",
            "python3",
            "docker-registry",
        ]);
        const units = resources
            .filter(({ type }) => type === "clearpath:host:SystemdUnit")
            .map(({ inputs }) => inputs.unit);
        expect(units).toEqual(
            expect.arrayContaining([
                "clearpath-registry-docker.io-proxy.service",
                "clearpath-registry-docker.io-twin.service",
                "clearpath-registry-quay.io-proxy.service",
                "clearpath-registry-evict.timer",
                "clearpath-registry-warm.timer",
            ]),
        );
        expect(units).toHaveLength(11);
    });

    it("asks an upstream with credentials, which no unit and no component shows", async () => {
        const upstreams = [{ registry: "docker.io", username: "me", password: "dckr_pat" }];
        const { resources } = await register({ ...onHost, upstreams });
        expect(named(resources, "cache-docker.io-proxy-config")).toMatchObject({ mode: "0600" });
        expect(String(named(resources, "cache-docker.io-proxy-config").content)).toContain("dckr_pat");
        const others = resources.filter(({ name }) => name !== "cache-docker.io-proxy-config");
        expect(JSON.stringify(others)).not.toContain("dckr_pat");
        const components = resources.filter(({ type }) => type.startsWith("clearpath:index:"));
        expect(JSON.stringify(components)).not.toContain("hunter2");
    });

    it("restarts what reads a file that has changed", async () => {
        const { resources } = await register(onHost);
        expect(String(named(resources, "cache-ghcr.io-proxy").content)).toContain(
            "X-Clearpath-Revision=2025-01-01T00:00:00Z cache-certificate 2025-01-01T00:00:00Z cache-key 2025-01-01T00:00:00Z cache-ghcr.io-proxy-config",
        );
    });

    it("takes the storage along with the proxy, and with nothing else", async () => {
        const { resources } = await register(onHost);
        const removing = resources.filter(({ inputs }) => inputs.removeDirectories === true).map(({ name }) => name);
        expect(removing).toEqual(["cache-ghcr.io-proxy"]);
    });

    it("runs a binary of one's own, from the host or fetched and proven", async () => {
        const there = await register({ ...onHost, binary: { path: "/opt/registry" } });
        expect(String(named(there.resources, "cache-ghcr.io-twin").content)).toContain("ExecStart=/opt/registry serve");
        expect(named(there.resources, "cache-packages").packages).not.toContain("docker-registry");

        const sha256 = "0123456789abcdef".repeat(4);
        const fetched = await register({ ...onHost, binary: { url: "https://e.example/registry.tar.gz", sha256 } });
        const unit = String(named(fetched.resources, "cache-fetch").content);
        expect(unit).toContain(`https://e.example/registry.tar.gz ${sha256} /var/lib/clearpath-registry-binary/`);
        expect(String(named(fetched.resources, "cache-ghcr.io-proxy").content)).toContain(
            "Requires=clearpath-registry-fetch.service",
        );
        expect(String(named(fetched.resources, "cache-ghcr.io-proxy-config").content)).toContain('"ttl": "0s"');
    });

    it.each([
        ["memoryMax", { memoryMax: "1G" }, "cache-ghcr.io-proxy", "MemoryMax=1G"],
        ["metricsAddress", { metricsAddress: "0.0.0.0" }, "cache-ghcr.io-twin-config", '"addr": "0.0.0.0:6001"'],
        ["sizeLimitGiB", { sizeLimitGiB: 2 }, "cache-evict-service", " 2097152 "],
        ["firstPort", { firstPort: 7000 }, "cache-ghcr.io-twin-config", '"addr": ":7001"'],
        ["warm", { warm: ["ghcr.io/a/b:1"] }, "cache-warm-task", '"ghcr.io/a/b:1"'],
        ["platforms", { platforms: ["linux/arm64"] }, "cache-warm-task", '"linux/arm64"'],
        ["parallel", { parallel: 9 }, "cache-warm-task", '"parallel": 9'],
        ["address", { address: "cache.example" }, "cache-warm-task", '"address": "cache.example"'],
    ] satisfies [string, Partial<PullThroughRegistryArgs>, string, string][])(
        "takes %s",
        async (_, change, name, text) => {
            const { resources } = await register({ ...onHost, ...change } as PullThroughRegistryArgs);
            expect(String(named(resources, name).content)).toContain(text);
        },
    );

    it("gives mirrors, the authority behind them, and what it holds", async () => {
        const { made } = await register(onHost);
        expect(await known(made.registries)).toMatchObject({
            mirrors: { "ghcr.io": { endpoint: ["https://10.27.27.5:5000", "https://10.27.27.5:5001"] } },
        });
        expect(await known(made.caCertificate)).toBe("CA");
        expect(await known(made.warmed)).toEqual({
            held: ["a"],
            missing: [{ image: "b", reason: "404" }],
            fetchedBytes: 1,
        });
    });

    it("refuses upstreams that cannot be, before anything is registered", async () => {
        const program = () => new PullThroughRegistry("cache", { ...onHost, upstreams: [{ registry: "Not A Host" }] });
        await expect(registeredBy(program)).rejects.toThrow("upstreams[0].registry is not a registry's name");
        const nobody = [{ registry: "ghcr.io", username: "me" }];
        await expect(register({ ...onHost, upstreams: nobody })).rejects.toThrow("needs both or none");
    });
});

describe("PullThroughRegistry in a container", () => {
    const container: ContainerArgs = {
        nodeName: "pve",
        template: "local:vztmpl/debian-12.tar.zst",
        gateway: "10.27.27.1",
        sshKeys: ["ssh-ed25519 AAAA"],
    };
    const made = async (change: Partial<ContainerArgs> = {}, address?: string) => {
        const args: PullThroughRegistryArgs = {
            ...onHost,
            placement: "lxc",
            host,
            address,
            container: { ...container, ...change },
        };
        return named((await register(args)).resources, "cache-container");
    };

    it("is unprivileged, may nest, and has the address that the connection goes to", async () => {
        expect(await made()).toMatchObject({
            nodeName: "pve",
            unprivileged: true,
            features: { nesting: true },
            startOnBoot: true,
            operatingSystem: { templateFileId: "local:vztmpl/debian-12.tar.zst", type: "debian" },
            cpu: { cores: 2 },
            memory: { dedicated: 2048 },
            disk: { datastoreId: "local-lvm", size: 60 },
            networkInterfaces: [{ name: "eth0", bridge: "vmbr1" }],
            initialization: {
                hostname: "clearpath-cache",
                ipConfigs: [{ ipv4: { address: "10.27.27.5/24", gateway: "10.27.27.1" } }],
                userAccount: { keys: ["ssh-ed25519 AAAA"] },
            },
        });
    });

    it.each([
        ["vmId", { vmId: 105 }, { vmId: 105 }],
        ["hostname", { hostname: "cache" }, { initialization: { hostname: "cache" } }],
        ["datastore", { datastore: "tank" }, { disk: { datastoreId: "tank" } }],
        ["diskGiB", { diskGiB: 90 }, { disk: { size: 90 } }],
        ["cores", { cores: 4 }, { cpu: { cores: 4 } }],
        ["memoryMiB", { memoryMiB: 4096 }, { memory: { dedicated: 4096 } }],
        ["bridge", { bridge: "vmbr2" }, { networkInterfaces: [{ bridge: "vmbr2" }] }],
        ["vlanId", { vlanId: 27 }, { networkInterfaces: [{ vlanId: 27 }] }],
        ["mtu", { mtu: 1400 }, { networkInterfaces: [{ mtu: 1400 }] }],
        [
            "prefixLength",
            { prefixLength: 16 },
            { initialization: { ipConfigs: [{ ipv4: { address: "10.27.27.5/16" } }] } },
        ],
        ["dns", { dns: ["192.0.2.53"] }, { initialization: { dns: { servers: ["192.0.2.53"] } } }],
    ] satisfies [string, Partial<ContainerArgs>, object][])("takes %s", async (_, change, expected) => {
        expect(await made(change)).toMatchObject(expected);
    });

    it("may have an IPv6 address", async () => {
        expect(await made({ prefixLength: 64, gateway: "2001:db8:27::1" }, "2001:db8:27::5")).toMatchObject({
            initialization: { ipConfigs: [{ ipv6: { address: "2001:db8:27::5/64", gateway: "2001:db8:27::1" } }] },
        });
    });

    it("is used like a host, by a connection that waits for it", async () => {
        const { resources } = await register({ ...onHost, placement: "lxc", host, container });
        expect(named(resources, "cache-packages").connection).toMatchObject({ host: "10.27.27.5", dialErrorLimit: 30 });
        expect(resources.map(({ name }) => name)).toContain("cache-ghcr.io-twin");
    });
});

describe("PullThroughRegistry in a cluster", () => {
    const cluster: ClusterCacheArgs = { address: "10.43.0.50" };
    const made = (change: Partial<ClusterCacheArgs> = {}) =>
        register({ placement: "cluster", cluster: { ...cluster, ...change }, upstreams: [{ registry: "ghcr.io" }] });
    const spec = (resources: Registered[]) =>
        named(resources, "cache-deployment").spec as {
            strategy: object;
            template: { metadata: object; spec: { containers: Record<string, unknown>[]; nodeSelector?: object } };
        };

    it("is a deployment with a container for each instance, on one volume, behind a service", async () => {
        const { resources } = await made();
        expect(spec(resources).strategy).toEqual({ type: "Recreate" });
        const { containers } = spec(resources).template.spec;
        expect(containers.map(({ name, args }) => [name, args])).toEqual([
            ["proxy-5000", ["serve", "/config/proxy-5000.yml"]],
            ["twin-5001", ["serve", "/config/twin-5001.yml"]],
        ]);
        expect(named(resources, "cache-service").spec).toMatchObject({
            type: "ClusterIP",
            clusterIP: "10.43.0.50",
            ports: [{ port: 5000 }, { port: 5001 }],
        });
        expect(named(resources, "cache-namespace").metadata).toMatchObject({ name: "clearpath-cache" });
    });

    it("is ready as long as its twins are ready, also while its proxies are down", async () => {
        const [proxy, twin] = spec((await made()).resources).template.spec.containers;
        expect(proxy).not.toHaveProperty("readinessProbe");
        expect(twin).toMatchObject({
            readinessProbe: { httpGet: { scheme: "HTTPS", path: "/v2/", port: 5001 } },
            livenessProbe: { httpGet: { port: 5001 } },
        });
    });

    it("runs as nobody, and a changed configuration makes another pod", async () => {
        const { template } = spec((await made()).resources);
        expect(template.spec).toMatchObject({
            securityContext: { runAsNonRoot: true },
            automountServiceAccountToken: false,
        });
        expect(template.spec.containers[0]).toMatchObject({
            securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        });
        expect(template.metadata).toMatchObject({ annotations: { "clearpath/config": "7" } });
    });

    it("keeps keys and credentials in a secret", async () => {
        const upstreams = [{ registry: "docker.io", username: "me", password: "dckr_pat" }];
        const { resources } = await register({ placement: "cluster", cluster, upstreams });
        const { stringData } = named(resources, "cache-config") as { stringData: Record<string, string> };
        expect(stringData).toMatchObject({ "tls.crt": "CERTIFICATE", "tls.key": "KEY" });
        expect(stringData["proxy-5000.yml"]).toContain("dckr_pat");
        expect(JSON.stringify(resources.filter(({ name }) => name !== "cache-config"))).not.toContain("dckr_pat");
    });

    it.each([
        ["namespace", { namespace: "mirror" }, "cache-storage", "metadata", { namespace: "mirror" }],
        ["serviceType", { serviceType: "LoadBalancer" }, "cache-service", "spec", { loadBalancerIP: "10.43.0.50" }],
        ["storageClass", { storageClass: "fast" }, "cache-storage", "spec", { storageClassName: "fast" }],
        ["storageGiB", { storageGiB: 9 }, "cache-storage", "spec", { resources: { requests: { storage: "9Gi" } } }],
        [
            "image",
            { image: "e.example/registry:3" },
            "cache-deployment",
            "spec",
            { template: { spec: { containers: [{ image: "e.example/registry:3" }, {}] } } },
        ],
        [
            "memoryMax",
            { memoryMax: "1Gi" },
            "cache-deployment",
            "spec",
            { template: { spec: { containers: [{ resources: { limits: { memory: "1Gi" } } }, {}] } } },
        ],
        [
            "nodeSelector",
            { nodeSelector: { disk: "ssd" } },
            "cache-deployment",
            "spec",
            { template: { spec: { nodeSelector: { disk: "ssd" } } } },
        ],
        [
            "keepFor",
            { keepFor: "48h" },
            "cache-config",
            "stringData",
            { "proxy-5000.yml": expect.stringContaining('"ttl": "48h"') },
        ],
    ] satisfies [string, Partial<ClusterCacheArgs>, string, string, object][])(
        "takes %s",
        async (_, change, name, part, expected) => {
            expect(named((await made(change)).resources, name)[part]).toMatchObject(expected);
        },
    );

    it("is warmed from a host that reaches it, where one is given", async () => {
        expect(await known((await made()).made.warmed)).toBeNull();
        const { resources } = await made({ warmFrom: host });
        expect(named(resources, "cache-warm")).toMatchObject({
            connection: { host: "10.27.27.5" },
            task: { address: "10.43.0.50" },
        });
    });
});
