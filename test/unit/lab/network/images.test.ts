import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { buildImage, imagesDigest, TEST_IMAGES } from "../../../../lab/network/images.ts";
import { homeOfImage } from "../../../../lab/network/internet/hosts.ts";

const SMALL = { reference: "ghcr.io/a/b:1", layers: [5_000, 70_000] };

describe("an image of the lab", () => {
    it("is the same to the byte every time it is built", async () => {
        const [first, second] = await Promise.all([buildImage(SMALL), buildImage(SMALL)]);

        expect(second).toEqual(first);
        expect(first.index.digest).toBe("sha256:a00dcecd598ebb3014929645514827f9aabfb566bb3bf339f27253cfb34122b6");
    });

    it("names every part by the digest of its bytes", async () => {
        const { blobs, manifests, index } = await buildImage(SMALL);

        for (const { digest, bytes } of [...blobs, ...manifests, index]) {
            expect(digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
        }
    });

    it("leads from its index over a manifest for each platform to its layers and config", async () => {
        const { blobs, manifests, index } = await buildImage(SMALL);
        const stored = new Set([...blobs, ...manifests].map(({ digest }) => digest));

        const platforms = JSON.parse(index.bytes.toString()).manifests;

        expect(platforms.map((entry: { platform: object }) => entry.platform)).toEqual([
            { architecture: "amd64", os: "linux" },
            { architecture: "arm64", os: "linux" },
        ]);
        for (const manifest of manifests) {
            const { config, layers } = JSON.parse(manifest.bytes.toString());
            expect(layers).toHaveLength(SMALL.layers.length);
            for (const { digest } of [config, ...layers]) expect(stored).toContain(digest);
        }
    });

    it("holds noise, which fills packets because nothing compresses it", async () => {
        const { blobs } = await buildImage(SMALL);
        const layer = blobs[1]!.bytes;

        expect(gzipSync(layer).length).toBeGreaterThan(SMALL.layers[1]!);
    });

    it.each(TEST_IMAGES.map(image => [image.reference, image] as const))("%s is at most 4 MB", async (_, image) => {
        const { blobs } = await buildImage(image);

        expect(blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(4_000_000);
    });
});

describe("a set of images", () => {
    it("has another digest when one image changes", () => {
        const changed = TEST_IMAGES.map(image => ({ ...image, layers: [...image.layers, 1] }));

        expect(imagesDigest(changed)).not.toBe(imagesDigest(TEST_IMAGES));
    });
});

describe("an image reference", () => {
    it.each([
        ["ghcr.io/fluxcd/source-controller:v1.6.2", "ghcr.io", "fluxcd/source-controller", "v1.6.2"],
        ["docker.io/library/busybox:1.37.0", "registry-1.docker.io", "library/busybox", "1.37.0"],
        ["registry.k8s.io/pause:3.10", "europe-west3-docker.pkg.dev", "k8s-artifacts-prod/images/pause", "3.10"],
        ["oci.external-secrets.io/external-secrets/x:v1", "ghcr.io", "external-secrets/x", "v1"],
    ])("%s is kept at %s as %s", (reference, registry, repository, tag) => {
        expect(homeOfImage(reference)).toEqual({ registry, repository, tag });
    });

    it.each(["busybox", "ghcr.io/a/b", "example.com/a:1"])("%s is refused", reference => {
        expect(() => homeOfImage(reference)).toThrow(`"${reference}"`);
    });
});
