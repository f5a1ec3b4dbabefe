import { createCipheriv, createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** An image of the lab, named as the real one is; its content is noise, so that it neither compresses nor matters. */
export interface ImageSpec {
    /** Full reference with host and tag. */
    reference: string;
    /** Bytes of noise in each layer. */
    layers: readonly number[];
}

/** One thing that a registry stores, under the SHA-256 digest of its bytes. */
export interface Blob {
    mediaType: string;
    digest: string;
    bytes: Buffer;
}

/** An image as it is pushed: blobs first, then one manifest for each platform, then the index that the tag names. */
export interface Image {
    reference: string;
    blobs: Blob[];
    manifests: Blob[];
    index: Blob;
}

/** The images that a cluster of the plan pulls first, one from each registry. None is over 4 MB. */
export const TEST_IMAGES: readonly ImageSpec[] = [
    { reference: "ghcr.io/fluxcd/source-controller:v1.6.2", layers: [900_000, 400_000] },
    { reference: "docker.io/library/busybox:1.37.0", layers: [700_000] },
    { reference: "quay.io/jetstack/cert-manager-controller:v1.18.2", layers: [800_000, 300_000] },
    { reference: "registry.k8s.io/pause:3.10", layers: [300_000] },
    { reference: "oci.external-secrets.io/external-secrets/external-secrets:v0.18.2", layers: [900_000, 300_000] },
];

/** An image as large as those that make a rebuild slow: for measuring speed, pulled by nobody else. */
export const LARGE_IMAGE: ImageSpec = { reference: "ghcr.io/clearpath/fifty-megabytes:1", layers: [50_000_000] };

/** All images that the lab's registries have. */
export const PUBLISHED_IMAGES: readonly ImageSpec[] = [...TEST_IMAGES, LARGE_IMAGE];

const CREATED = "2025-01-01T00:00:00Z";
const ARCHITECTURES = ["amd64", "arm64"] as const;

/**
 * Builds an image of the OCI image format 1.0. Layers are tar archives without compression, which clients must accept
 * too, so that digests depend on nothing but the spec.
 */
export async function buildImage({ reference, layers }: ImageSpec): Promise<Image> {
    const layerBlobs = await Promise.all(
        layers.map(async (size, index) =>
            blob("application/vnd.oci.image.layer.v1.tar", await layerArchive(`${reference}#${index}`, index, size)),
        ),
    );
    const platforms = ARCHITECTURES.map(architecture => {
        const config = json("application/vnd.oci.image.config.v1+json", {
            created: CREATED,
            architecture,
            os: "linux",
            config: { Labels: { "org.opencontainers.image.source": reference } },
            rootfs: { type: "layers", diff_ids: layerBlobs.map(({ digest }) => digest) },
            history: layerBlobs.map(() => ({ created: CREATED })),
        });
        const manifest = json("application/vnd.oci.image.manifest.v1+json", {
            schemaVersion: 2,
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            config: descriptor(config),
            layers: layerBlobs.map(descriptor),
        });
        return { architecture, config, manifest };
    });
    const index = json("application/vnd.oci.image.index.v1+json", {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: platforms.map(({ architecture, manifest }) => ({
            ...descriptor(manifest),
            platform: { architecture, os: "linux" },
        })),
    });
    return {
        reference,
        blobs: [...layerBlobs, ...platforms.map(({ config }) => config)],
        manifests: platforms.map(({ manifest }) => manifest),
        index,
    };
}

/** Names a set of images by everything that decides their content. */
export function imagesDigest(specs: readonly ImageSpec[]): string {
    return createHash("sha256")
        .update(JSON.stringify({ format: 1, specs }))
        .digest("hex");
}

async function layerArchive(seed: string, index: number, size: number): Promise<Buffer> {
    const archive = pack();
    archive.entry({ name: `noise-${index}`, mode: 0o644, mtime: new Date(CREATED) }, noise(seed, size));
    archive.finalize();
    return await buffer(archive);
}

/** A cipher's key stream: repeatable, and nothing can compress it. */
function noise(seed: string, size: number): Buffer {
    const key = createHash("sha256").update(seed).digest();
    return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

function blob(mediaType: string, bytes: Buffer): Blob {
    return { mediaType, bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

function json(mediaType: string, value: unknown): Blob {
    return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, bytes }: Blob) {
    return { mediaType, digest, size: bytes.length };
}
