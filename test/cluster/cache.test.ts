import { afterAll, beforeAll, expect, it } from "vitest";
import { PullThroughRegistry } from "../../components/pullThroughRegistry.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { type Registered, registeredBy } from "../unit/components/recorded.ts";
import { listPath } from "./objects.ts";

let cluster: ControlPlane;

beforeAll(async () => {
    cluster = await startControlPlane();
});

afterAll(() => cluster?.stop());

it("a real API server takes every object of a cache in the cluster, and knows every field of it", async () => {
    const { resources } = await registeredBy(
        () =>
            new PullThroughRegistry("cache", {
                placement: "cluster",
                cluster: {
                    address: "10.96.27.5",
                    storageClass: "local-path",
                    nodeSelector: { "kubernetes.io/os": "linux" },
                },
                upstreams: [{ registry: "docker.io", username: "me", password: "a token" }, { registry: "ghcr.io" }],
            }),
        {
            outputs: type => ({
                ...(type === "clearpath:tls:ServerCertificate" && { certificate: "CERTIFICATE", privateKey: "KEY" }),
                ...(type === "kubernetes:core/v1:Secret" && { metadata: { name: "cache", resourceVersion: "7" } }),
            }),
        },
    );
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(objects.map(kindOf).sort()).toEqual([
        "Deployment",
        "Namespace",
        "PersistentVolumeClaim",
        "Secret",
        "Service",
    ]);
    for (const { inputs } of objects.toSorted(byNeed)) {
        const object = inputs as unknown as Parameters<typeof listPath>[0];
        await cluster.api.create(`${listPath(object)}?fieldValidation=Strict`, object);
    }
});

function kindOf({ type }: Registered): string {
    return type.slice(type.lastIndexOf(":") + 1);
}

/** A namespace comes before what is in it. */
function byNeed(left: Registered, right: Registered): number {
    return Number(kindOf(right) === "Namespace") - Number(kindOf(left) === "Namespace");
}
