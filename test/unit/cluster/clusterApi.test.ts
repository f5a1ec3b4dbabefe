import { once } from "node:events";
import type { RequestListener } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { ApiFailure } from "../../../cluster/api/apiFailure.ts";
import { ClusterApi } from "../../../cluster/api/clusterApi.ts";
import { kubeconfigOf } from "../../../cluster/api/kubeconfig.ts";
import { newAuthority, newServerCertificate } from "../../../provider/tls/authority.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
});

/** A client of an API server that answers as `answer` does. */
async function clientOf(answer: RequestListener): Promise<ClusterApi> {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const authority = await newAuthority("test", tomorrow);
    const { certificate, privateKey } = await newServerCertificate(authority, ["127.0.0.1"], tomorrow);
    const server = https.createServer({ cert: certificate, key: privateKey }, answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    undo.push(() => {
        server.closeAllConnections();
        server.close();
    });
    const cluster = {
        server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
        "certificate-authority-data": Buffer.from(authority.certificate).toString("base64"),
    };
    const text = stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [{ name: "test", cluster }],
        users: [{ name: "me", user: { token: "a" } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "me" } }],
    });
    const api = await ClusterApi.open(kubeconfigOf({ text }));
    undo.push(() => api.close());
    return api;
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}

test("an answer is read as it arrives, and its request ends when the reader stops", async () => {
    const ended = Promise.withResolvers<void>();
    const api = await clientOf((_, response) => {
        response.on("close", () => ended.resolve());
        response.write("first line\n");
    });
    for await (const chunk of api.stream("/log")) {
        expect(chunk.toString()).toBe("first line\n");
        break;
    }
    await ended.promise;
});

test("an answer that is cut off is a failure that names the server", async () => {
    const api = await clientOf((_, response) => {
        response.write("half");
        setImmediate(() => response.destroy());
    });
    const reading = read(api.stream("/log"));
    await expect(reading).rejects.toThrow(ApiFailure);
    await expect(reading).rejects.toThrow(api.server);
});

test("a refused request is a failure with the server's own reason, streamed or not", async () => {
    const api = await clientOf((_, response) => {
        response.writeHead(403).end(JSON.stringify({ message: "pods is forbidden." }));
    });
    for (const asked of [read(api.stream("/log")), api.get("/log")])
        await expect(asked).rejects.toThrow(/answered GET \/log with 403: pods is forbidden\. Give the user/);
});

test("credentials that have run out are asked for once more", async () => {
    let asked = 0;
    const api = await clientOf((_, response) => {
        asked++;
        response.writeHead(asked === 1 ? 401 : 200).end('{"ready":true}');
    });
    expect(await api.get("/ready")).toEqual({ ready: true });
    expect(asked).toBe(2);
});
