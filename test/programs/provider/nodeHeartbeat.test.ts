import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { awaitReady, type ClusterNode, clusterNode } from "../../../provider/kubernetes/nodeHeartbeat.ts";

/** What the API server of the test knows of node cp1, in the API's own words. */
interface Seen {
    ready: "True" | "False" | "Unknown";
    renewTime: string;
}

const BEFORE = "2025-01-01T00:00:00.000000Z";
const AFTER = "2025-01-01T00:00:40.000000Z";

let server: Server;
let answers: Seen[];
let node: ClusterNode;

/** Answers node and lease from the first of `answers`, and goes on to the next with every lease; the last one stays. */
beforeEach(async () => {
    server = createServer((request, response) => {
        const [seen] = answers;
        const known: Record<string, object | undefined> = {
            "/api/v1/nodes/cp1": seen && {
                kind: "Node",
                status: { conditions: [{ type: "Ready", status: seen.ready }] },
            },
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/cp1": seen && {
                kind: "Lease",
                spec: { renewTime: seen.renewTime },
            },
        };
        const answer = known[request.url!];
        if (request.url!.includes("/leases/") && answers.length > 1) answers.shift();
        response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
        response.end(JSON.stringify(answer ?? { kind: "Status", message: "not found", code: 404 }));
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    node = await clusterNode(
        stringify({
            clusters: [
                { name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
            ],
            users: [{ name: "u", user: {} }],
            contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
            "current-context": "x",
        }),
        "cp1",
    );
});
afterEach(() => {
    server.close();
    server.closeAllConnections();
});

const wait = (before: { ready: boolean; renewedAt: string | null }, seconds = 20) =>
    awaitReady(node, before, { seconds, signal: new AbortController().signal });

describe("a restarted node", () => {
    it("is back when it is Ready and has renewed its lease", async () => {
        answers = [{ ready: "True", renewTime: BEFORE }];
        const before = await node.condition();
        expect(before).toEqual({ ready: true, renewedAt: BEFORE });

        answers = [
            { ready: "True", renewTime: BEFORE },
            { ready: "Unknown", renewTime: AFTER },
            { ready: "True", renewTime: AFTER },
        ];
        expect(await wait(before)).toBeNull();
        expect(answers).toHaveLength(1);
    });

    it.each<[string, Seen, RegExp]>([
        ["Ready as it was left", { ready: "True", renewTime: BEFORE }, /lease has not been renewed/],
        ["alive, and not Ready", { ready: "False", renewTime: AFTER }, /is not Ready/],
    ])("is not back while it is %s", async (_, seen, missing) => {
        answers = [seen];
        expect(await wait({ ready: true, renewedAt: BEFORE }, 0)).toMatch(missing);
    });

    it("that was not Ready before need only renew its lease", async () => {
        answers = [{ ready: "False", renewTime: AFTER }];
        expect(await wait({ ready: false, renewedAt: BEFORE }, 0)).toBeNull();
    });

    it("that the cluster does not know is reported as missing", async () => {
        answers = [];
        await expect(node.condition()).rejects.toThrow();
        expect(await wait({ ready: true, renewedAt: null }, 0)).toMatch(/the API server could not be asked: .*404/);
    });
});
