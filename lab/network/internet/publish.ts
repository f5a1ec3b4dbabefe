// Fills an empty storage directory with the lab's images, through docker-registry's own API. Runs in a namespace of
// its own, whose loopback carries it all.
//   node publish.ts STORAGE
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Blob, buildImage, type Image, PUBLISHED_IMAGES } from "../images.ts";
import type { InternetHost } from "../topology.ts";
import { REGISTRY_PROGRAM, registryAnswers, registryConfig } from "./distribution.ts";
import { homeOfImage, REGISTRIES } from "./hosts.ts";

async function publish(storage: string): Promise<void> {
    const images = await Promise.all(PUBLISHED_IMAGES.map(buildImage));
    for (const host of Object.keys(REGISTRIES) as InternetHost[]) {
        const config = join(storage, `${host}.json`);
        writeFileSync(config, registryConfig(host, { storage }));
        const registry = spawn(REGISTRY_PROGRAM, ["serve", config], { stdio: ["ignore", "ignore", "inherit"] });
        const ended = once(registry, "exit");
        try {
            await registryAnswers(host);
            for (const image of images.filter(({ reference }) => homeOfImage(reference).registry === host)) {
                await push(image);
            }
        } finally {
            registry.kill();
            await ended;
        }
    }
}

async function push(image: Image): Promise<void> {
    const { registry, repository, tag } = homeOfImage(image.reference);
    const base = `http://127.0.0.1:${REGISTRIES[registry]!.port}/v2/${repository}`;
    for (const blob of image.blobs) {
        const upload = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
        const location = new URL(upload.headers.get("location") ?? "", base);
        location.searchParams.set("digest", blob.digest);
        await put(location, "application/octet-stream", blob, 201);
    }
    for (const manifest of image.manifests) {
        await put(new URL(`${base}/manifests/${manifest.digest}`), manifest.mediaType, manifest, 201);
    }
    await put(new URL(`${base}/manifests/${tag}`), image.index.mediaType, image.index, 201);
}

async function put(url: URL, contentType: string, { bytes }: Blob, expected: number): Promise<void> {
    const answer = await fetch(url, {
        method: "PUT",
        headers: { "content-type": contentType },
        body: new Uint8Array(bytes),
    });
    if (answer.status !== expected) {
        throw new Error(`docker-registry refused ${url.pathname}: ${answer.status} ${await answer.text()}`);
    }
}

await publish(process.argv[2]!);
