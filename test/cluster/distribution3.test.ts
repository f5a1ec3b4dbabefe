import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registryBinary } from "../../lab/controlPlane/binaries.ts";
import { type ControlPlaneCertificates, controlPlaneCertificates } from "../../lab/controlPlane/certificates.ts";
import { freePorts } from "../../lab/controlPlane/controlPlane.ts";
import { proxyConfig, type RegistryConfigOptions, twinConfig } from "../../network/pullThrough/registryConfig.ts";
import { cachedUpstreams, Upstream } from "../../network/pullThrough/upstream.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const digestOf = (content: Buffer) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

interface Answer {
    status: number;
    headers: NodeJS.Dict<string | string[]>;
    body: Buffer;
}

/** A cache as it is configured for distribution 3, with the real program, before a registry that can be taken away. */
describe("distribution 3 with the configuration that a cache gives it", () => {
    let program: string;
    let directory: string;
    let tls: ControlPlaneCertificates;
    let origin: ChildProcess;
    const running = new Set<ChildProcess>();
    let originPort: number;
    let settings: RegistryConfigOptions;
    const layer = randomBytes(200_000);
    const config = Buffer.from("{}");
    const manifest = Buffer.from(
        JSON.stringify({
            schemaVersion: 2,
            mediaType: MANIFEST_TYPE,
            config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: 2 },
            layers: [
                {
                    mediaType: "application/vnd.oci.image.layer.v1.tar",
                    digest: digestOf(layer),
                    size: layer.length,
                },
            ],
        }),
    );

    /** Starts the program with a configuration, on loopback alone. */
    async function start(name: string, text: string, ask: () => Promise<unknown>): Promise<ChildProcess> {
        const parsed = JSON.parse(text) as { http: { addr: string } };
        parsed.http.addr = `127.0.0.1${parsed.http.addr.slice(parsed.http.addr.lastIndexOf(":"))}`;
        const file = join(directory, `${name}.yml`);
        writeFileSync(file, JSON.stringify(parsed));
        const secured = {
            REGISTRY_HTTP_TLS_CERTIFICATE: join(directory, "tls.crt"),
            REGISTRY_HTTP_TLS_KEY: join(directory, "tls.key"),
        };
        const env = { ...process.env, OTEL_TRACES_EXPORTER: "none", ...(name === "origin" ? {} : secured) };
        const child = spawn(program, ["serve", file], { env, stdio: ["ignore", "ignore", "pipe"] });
        running.add(child);
        let said = "";
        child.stderr.on("data", chunk => {
            said += chunk;
        });
        for (let tries = 0; tries < 200; tries++) {
            if (child.exitCode !== null) throw new Error(`the ${name} ended: ${said}`);
            if (await ask().catch(() => undefined)) return child;
            await sleep(50);
        }
        throw new Error(`the ${name} does not answer: ${said}`);
    }

    async function end(child: ChildProcess): Promise<void> {
        running.delete(child);
        if (child.exitCode === null && child.kill()) await once(child, "exit");
    }

    function send(url: string, method = "GET", body?: Buffer, type = "application/octet-stream"): Promise<Answer> {
        const headers = { accept: MANIFEST_TYPE, ...(body && { "content-type": type, "content-length": body.length }) };
        const request = url.startsWith("https:") ? httpsRequest : httpRequest;
        return new Promise((resolve, reject) => {
            const asked = request(url, { method, headers, ca: tls.ca, agent: false }, response => {
                const chunks: Buffer[] = [];
                response.on("data", chunk => chunks.push(chunk));
                response.on("end", () =>
                    resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
                );
            });
            asked.on("error", reject);
            asked.end(body);
        });
    }

    async function push(): Promise<void> {
        const base = `http://127.0.0.1:${originPort}`;
        for (const blob of [config, layer]) {
            const { headers } = await send(`${base}/v2/team/app/blobs/uploads/`, "POST", Buffer.alloc(0));
            const location = String(headers.location);
            const url = location.startsWith("http") ? location : `${base}${location}`;
            const { status } = await send(`${url}&digest=${digestOf(blob)}`, "PUT", blob);
            expect(status).toBe(201);
        }
        const put = await send(`${base}/v2/team/app/manifests/1.0`, "PUT", manifest, MANIFEST_TYPE);
        expect(put.status).toBe(201);
    }

    /** Pulls the image as a node does. Gives the statuses of manifest and blobs. */
    async function pull(port: number): Promise<number[]> {
        const base = `https://127.0.0.1:${port}/v2/team/app`;
        const statuses: number[] = [];
        for (const path of ["manifests/1.0", `blobs/${digestOf(config)}`, `blobs/${digestOf(layer)}`]) {
            const { status, body } = await send(`${base}/${path}`);
            statuses.push(status);
            if (status === 200 && path.includes("sha256")) expect(path).toContain(digestOf(body));
        }
        return statuses;
    }

    const answers = (port: number) => send(`https://127.0.0.1:${port}/v2/`).then(({ status }) => status === 200);
    const startProxy = () => start("proxy", proxyConfig(settings), () => answers(settings.upstream.proxyPort));
    const startTwin = () => start("twin", twinConfig(settings), () => answers(settings.upstream.twinPort));

    beforeAll(async () => {
        program = await registryBinary(sentence => process.stderr.write(`${sentence}\n`));
        directory = mkdtempSync(join(tmpdir(), "clearpath-distribution-"));
        tls = await controlPlaneCertificates();
        writeFileSync(join(directory, "tls.crt"), tls.server.certificate);
        writeFileSync(join(directory, "tls.key"), tls.server.key, { mode: 0o600 });
        const [first, proxyPort, twinPort, proxyMetrics, twinMetrics] = (await freePorts(5)) as [
            number,
            number,
            number,
            number,
            number,
        ];
        originPort = first;
        const url = `http://127.0.0.1:${originPort}`;
        const [upstream] = cachedUpstreams([Upstream.parse({ registry: "ghcr.io", url })]);
        const metricsPorts = { proxy: proxyMetrics, twin: twinMetrics };
        settings = {
            upstream: { ...upstream!, proxyPort, twinPort, metricsPorts },
            storage: join(directory, "storage"),
            distribution: 3,
            metricsAddress: "127.0.0.1",
        };
        const stored = { filesystem: { rootdirectory: join(directory, "origin") } };
        const plain = { version: "0.1", log: { level: "warn" }, storage: stored, http: { addr: `:${originPort}` } };
        origin = await start("origin", JSON.stringify(plain), () => send(`${url}/v2/`));
        await push();
    });

    afterAll(async () => {
        await Promise.all([...running].map(end));
        rmSync(directory, { recursive: true, force: true });
    });

    test("forgets nothing, which it would with a time to live", async () => {
        const blobsIn = (storage: string) =>
            readdirSync(storage, { recursive: true, encoding: "utf8" }).filter(name => name.endsWith("/data")).length;
        const mortal = { ...settings, storage: join(directory, "mortal"), ttl: "2s" };
        for (const [name, config] of Object.entries({ mortal, proxy: settings })) {
            const proxy = await start(name, proxyConfig(config), () => answers(settings.upstream.proxyPort));
            expect(await pull(settings.upstream.proxyPort)).toEqual([200, 200, 200]);
            await expect.poll(() => blobsIn(config.storage)).toBe(3);
            if (config === mortal)
                await expect.poll(() => blobsIn(config.storage), { timeout: 20_000 }).toBeLessThan(3);
            else await sleep(4_000);
            await end(proxy);
        }
        expect(blobsIn(settings.storage)).toBe(3);
    });

    test("serves what it holds when the upstream is gone, also after a restart", async () => {
        const { proxyPort, twinPort, metricsPorts } = settings.upstream;
        const twin = await startTwin();
        const proxy = await startProxy();
        expect(await pull(proxyPort)).toEqual([200, 200, 200]);
        expect(await pull(twinPort)).toEqual([200, 200, 200]);
        const { body } = await send(`http://127.0.0.1:${metricsPorts.proxy}/metrics`);
        expect(body.toString()).toContain("registry_http_requests_total");
        expect((await send(`http://127.0.0.1:${metricsPorts.twin}/debug/health`)).status).toBe(200);

        await end(origin);
        expect(await pull(proxyPort)).toEqual([200, 200, 200]);

        await Promise.all([end(proxy), end(twin)]);
        await startTwin();
        expect(await pull(twinPort)).toEqual([200, 200, 200]);
    });

    test("takes nothing that is pushed to it", async () => {
        const uploads = `https://127.0.0.1:${settings.upstream.twinPort}/v2/team/app/blobs/uploads/`;
        expect((await send(uploads, "POST", Buffer.alloc(0))).status).toBe(405);
    });
});
