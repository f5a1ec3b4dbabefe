import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** A client of an API server that answers as `answer` does; `over` replaces parts of its kubeconfig. */
async function clientOf(
    answer: RequestListener,
    over: { user?: object; authority?: string; directory?: string } = {},
): Promise<ClusterApi> {
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
        "certificate-authority-data": Buffer.from(over.authority ?? authority.certificate).toString("base64"),
    };
    const text = stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [{ name: "test", cluster }],
        users: [{ name: "me", user: over.user ?? { token: "a" } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "me" } }],
    });
    const file = over.directory && join(over.directory, "config");
    if (file) writeFileSync(file, text);
    const api = await ClusterApi.open(kubeconfigOf(file ? { file } : { text }));
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

function newDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-kubeconfig-"));
    undo.push(() => rmSync(directory, { recursive: true }));
    return directory;
}

test("credentials that are spent are a sentence for each of many requests at once", async () => {
    const api = await clientOf((_, response) => {
        response.writeHead(401).end(JSON.stringify({ message: "Unauthorized" }));
    });
    const asked = Array.from({ length: 20 }, (_, index) => api.get(`/list/${index}`));
    for (const [index, one] of (await Promise.allSettled(asked)).entries())
        expect((one as PromiseRejectedResult).reason.message).toMatch(
            new RegExp(`answered GET /list/${index} with 401: Unauthorized\\. Renew the credentials`),
        );
});

test("requests under way survive the renewal of credentials, which happens once", async () => {
    const directory = newDirectory();
    const count = join(directory, "count");
    writeFileSync(
        join(directory, "cred.sh"),
        `#!/bin/sh\necho x >>${count}\nn=$(wc -l <${count})\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%d","expirationTimestamp":"2099-01-01T00:00:00Z"}}' $n\n`,
        { mode: 0o755 },
    );
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./cred.sh", interactiveMode: "Never" };
    const api = await clientOf(
        (request, response) => {
            const isNew = request.headers.authorization === "Bearer t2";
            response.writeHead(isNew ? 200 : 401).end("{}");
        },
        { user: { exec }, directory },
    );
    await Promise.all(Array.from({ length: 20 }, () => api.get("/pods")));
    expect(readFileSync(count, "utf8").trim().split("\n")).toHaveLength(2);
});

test.each([
    [
        "is not installed",
        { command: "clearpath-no-such-plugin", installHint: "Get it from example.org" },
        /plugin clearpath-no-such-plugin is not installed: Get it from example\.org\./,
    ],
    ["prints nothing", { command: "true" }, /plugin true printed no ExecCredential/],
    [
        "fails",
        { command: "sh", args: ["-c", "echo hunter2; echo login first >&2; exit 3"] },
        /plugin sh ended with exit code 3: login first\./,
    ],
])("a credential plugin that %s is named, and what it printed is not", async (_, exec, sentence) => {
    const opening = clientOf(() => {}, { user: { exec } });
    await expect(opening).rejects.toThrow(sentence);
    await expect(opening).rejects.not.toThrow("hunter2");
});

test("a token file is read beside the kubeconfig, and again after a refusal", async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, "token"), "old\n");
    const api = await clientOf(
        (request, response) => {
            writeFileSync(join(directory, "token"), "new\n");
            response.writeHead(request.headers.authorization === "Bearer new" ? 200 : 401).end("{}");
        },
        { user: { tokenFile: "token" }, directory },
    );
    expect(await api.get("/pods")).toEqual({});
});

test("a server with another authority than the kubeconfig's is told as rebuilt", async () => {
    const { certificate } = await newAuthority("another", new Date(Date.now() + 86_400_000));
    const api = await clientOf(() => {}, { authority: certificate });
    await expect(api.get("/pods")).rejects.toThrow(
        /signed by an authority that the kubeconfig does not trust .* copy its kubeconfig again/,
    );
});
