import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newAuthority, newServerCertificate } from "../../../provider/tls/authority.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "..", "provider", "cache", "warm.py");
const YEAR = new Date(Date.now() + 365 * 24 * 3600 * 1000);
const digest = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

const blob = "a layer";
const config = "a config";
const manifest = JSON.stringify({
    config: { digest: digest(config), size: config.length },
    layers: [{ digest: digest(blob), size: blob.length }],
});
/** What the upstream has, by path. */
const UPSTREAM: Record<string, string> = {
    "/v2/a/manifests/1": manifest,
    [`/v2/a/blobs/${digest(blob)}`]: blob,
    [`/v2/a/blobs/${digest(config)}`]: config,
};

describe("warming a cache", () => {
    let caCertificate: string;
    let proxy: Server;
    let twin: Server;
    let held: Set<string>;
    /** Statuses with which the proxy answers before it does what it should. */
    let faults: number[];
    let asked: string[];

    beforeEach(async () => {
        held = new Set();
        faults = [];
        asked = [];
        const authority = await newAuthority("Test", YEAR);
        caCertificate = authority.certificate;
        const { certificate: cert, privateKey: key } = await newServerCertificate(authority, ["127.0.0.1"], YEAR);
        proxy = createServer({ key, cert }, ({ url = "" }, response) => {
            asked.push(url);
            const content = UPSTREAM[url];
            const fault = faults.shift() ?? (content === undefined ? 404 : undefined);
            if (fault !== undefined) return void response.writeHead(fault).end();
            held.add(url).add(`/v2/a/manifests/${digest(manifest)}`);
            response.writeHead(200, { "Docker-Content-Digest": digest(content!) }).end(content);
        });
        twin = createServer({ key, cert }, ({ url = "" }, response) => {
            response.writeHead(url === "/v2/" || held.has(url) ? 200 : 404).end();
        });
        for (const server of [proxy, twin]) await once(server.listen(0, "127.0.0.1"), "listening");
    });
    afterEach(() => {
        for (const server of [proxy, twin]) {
            server.closeAllConnections();
            server.close();
        }
    });

    const port = (server: Server) => (server.address() as AddressInfo).port;
    const warm = async (images: string[]) => {
        const child = spawn("python3", ["-B", PROGRAM, "-"], { stdio: ["pipe", "pipe", "inherit"] });
        const upstreams = [{ names: ["ghcr.io"], proxy: port(proxy), twin: port(twin) }];
        child.stdin.end(JSON.stringify({ address: "127.0.0.1", caCertificate, upstreams, images }));
        const said: Buffer[] = [];
        child.stdout.on("data", chunk => said.push(chunk));
        const [code] = await once(child, "close");
        const lines = Buffer.concat(said).toString().trim().split("\n");
        return { code, messages: lines.map(line => JSON.parse(line)) };
    };

    test("fetches only what the twin does not have, and nothing twice", async () => {
        const first = await warm(["ghcr.io/a:1"]);
        expect(first.messages[0]).toEqual({ image: "ghcr.io/a:1", held: true, bytes: blob.length + config.length });
        asked = [];
        const second = await warm(["ghcr.io/a:1"]);
        expect(second).toMatchObject({ code: 0, messages: [{ held: true, bytes: 0 }, { ended: true }] });
        expect(asked).toEqual(["/v2/a/manifests/1"]);
    });

    test("asks again when the upstream sometimes fails, which a proxy may report as not found", async () => {
        faults = [404, 503, 500];
        expect((await warm(["ghcr.io/a:1"])).messages[0]).toMatchObject({ held: true });
    });

    test("names an image that it cannot pull, and continues with the others", async () => {
        const { code, messages } = await warm(["quay.io/b:1", "ghcr.io/a:1"]);
        expect(code).toBe(1);
        expect(messages).toMatchObject([
            { image: "quay.io/b:1", held: false, reason: "this cache has no upstream quay.io" },
            { image: "ghcr.io/a:1", held: true },
            { held: 1, missing: 1 },
        ]);
    });

    test("does not ask again when it is refused", async () => {
        faults = [401];
        expect((await warm(["ghcr.io/a:1"])).messages[0]).toMatchObject({
            held: false,
            reason: expect.stringContaining("401"),
        });
        expect(asked).toHaveLength(1);
    });
});
