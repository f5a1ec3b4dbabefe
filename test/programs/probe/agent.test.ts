import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { z } from "zod";
import { agentTask } from "../../../network/probe/messages.ts";
import { ProbePlan } from "../../../network/probe/plan.ts";
import type { VantageReport } from "../../../network/probe/report.ts";
import { HostError } from "../../../provider/host/hostError.ts";
import { AGENT_COMMAND, agentInput } from "../../../provider/probe/program.ts";
import { measurePathMtu, probeHost } from "../../../provider/probe/run.ts";
import { localSession } from "./localSession.ts";
import {
    closedPort,
    httpsServer,
    silentServer,
    type TestServer,
    type TestTls,
    testRegistry,
    testTls,
} from "./servers.ts";

let tls: TestTls;
let directory: string;

beforeAll(async () => {
    tls = await testTls();
    directory = mkdtempSync(join(tmpdir(), "probe-"));
    writeFileSync(join(directory, "ca.pem"), tls.ca);
    // A search path with Python and no container runtime, so that the agent pulls by itself.
    const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
    writeFileSync(join(directory, "python3"), `#!/bin/sh\nexec ${python} "$@"\n`, { mode: 0o755 });
});

afterAll(() => rmSync(directory, { recursive: true }));

function session(environment: NodeJS.ProcessEnv = {}) {
    return localSession({ PATH: directory, SSL_CERT_FILE: join(directory, "ca.pem"), ...environment });
}

async function serving(started: Promise<TestServer>): Promise<TestServer> {
    const server = await started;
    onTestFinished(() => server.close());
    return server;
}

/** Probes one port of localhost. */
async function probe(
    port: number,
    { endpoint = {}, ...plan }: Partial<z.input<typeof ProbePlan>> & { endpoint?: object } = {},
    environment: NodeJS.ProcessEnv = {},
): Promise<VantageReport> {
    const endpoints = [{ host: "localhost", port, ...endpoint }];
    const quick = { rounds: 2, pathMtu: false, families: ["ipv4" as const], timeoutSeconds: 5, ratePerEndpoint: 100 };
    return probeHost(session(environment), {
        vantagePoint: "here",
        role: "host",
        plan: ProbePlan.parse({ endpoints, ...quick, ...plan }),
    });
}

/** Processes of this machine that have a text among their arguments or in their environment. */
function processesThatShow(text: string): string[] {
    return readdirSync("/proc")
        .filter(name => /^\d+$/.test(name))
        .flatMap(pid => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
        .filter(file => {
            try {
                return readFileSync(file, "latin1").includes(text);
            } catch {
                return false;
            }
        });
}

describe("the agent", () => {
    test("times every phase of a connection that works, with a small and a large hello", async () => {
        const { port } = await serving(httpsServer(tls, (_request, response) => response.writeHead(401).end()));
        const { samples, endpoints, complete } = await probe(port);
        expect(complete).toBe(true);
        expect(endpoints[0]).toMatchObject({ attempts: 2, succeeded: 2 });
        const [small, large] = samples.toSorted((a, b) => a.bytesAcked! - b.bytesAcked!);
        expect(small).toMatchObject({ hello: "small", status: 401, flow: "ping", family: "ipv4", remote: "127.0.0.1" });
        expect(large).toMatchObject({ hello: "large" });
        expect(large!.bytesAcked! - small!.bytesAcked!).toBeGreaterThan(1000);
        for (const phase of ["dnsMs", "connectMs", "tlsMs", "firstByteMs"] as const)
            expect(small![phase]).toBeGreaterThan(0);
    });

    test("walks a registry's token, manifest and blob, and fetches the image itself without a runtime", async () => {
        const registry = await testRegistry(tls);
        onTestFinished(registry.close);
        const { samples, pulls } = await probe(registry.port, {
            images: [registry.image],
            rounds: 1,
            timeoutSeconds: 5,
        });
        expect(samples.filter(({ failure }) => failure)).toEqual([]);
        expect(new Set(samples.map(({ flow }) => flow))).toEqual(new Set(["ping", "token", "manifest", "blob"]));
        expect(pulls).toEqual([expect.objectContaining({ via: "agent", succeeded: 1, error: null })]);
        expect(registry.requests.filter(request => request.startsWith("HEAD")).length).toBeGreaterThan(0);
    });

    test.each([
        { status: 503, failure: "http" },
        { status: 429, failure: "rate-limit" },
        { status: 403, failure: "reputation" },
    ])("calls an answer of $status $failure", async ({ status, failure }) => {
        const { port } = await serving(httpsServer(tls, (_request, response) => response.writeHead(status).end()));
        const { samples } = await probe(port, { rounds: 1 });
        expect(samples[0]).toMatchObject({ status: status, failure });
    });

    test("calls an API without and with its token, which appears in no process and in no report", async () => {
        const token = "dp.st.dev.0123456789abcdefghijklmnopqrstuvwxyz";
        const shown: string[] = [];
        const { port } = await serving(
            httpsServer(tls, ({ headers }, response) => {
                shown.push(...processesThatShow(token));
                response.writeHead(headers.authorization === `Bearer ${token}` ? 200 : 401).end();
            }),
        );
        const endpoints = [{ host: "localhost", port, kind: "api" as const, path: "/v3/me" }];
        const plan = ProbePlan.parse({ endpoints, rounds: 2, pathMtu: false, families: ["ipv4"] });
        const where = { vantagePoint: "here", role: "host" as const, plan };
        const report = await probeHost(session(), where, { tokens: { localhost: token } });
        const statuses = report.samples.map(({ flow, status, failure }) => ({ flow, status, failure }));
        expect(statuses).toContainEqual({ flow: "api", status: 401, failure: undefined });
        expect(statuses).toContainEqual({ flow: "authenticated", status: 200, failure: undefined });
        expect(shown).toEqual([]);
        expect(JSON.stringify(report)).not.toContain(token);
    });

    test("sends no request while a server with a rate limit asks it to wait", async () => {
        let requests = 0;
        const { port } = await serving(
            httpsServer(tls, (_request, response) => {
                requests += 1;
                response.writeHead(429, { "retry-after": "30" }).end();
            }),
        );
        const { complete } = await probe(port, { rounds: 50, parallel: 1, budgetSeconds: 2 });
        expect(requests).toBe(1);
        expect(complete).toBe(false);
    });

    test("waits the whole time before it calls a silent server a TLS timeout, and says what was acknowledged", async () => {
        const { port } = await serving(silentServer());
        const { samples } = await probe(port, { rounds: 1, timeoutSeconds: 0.5 });
        expect(samples[0]).toMatchObject({ failure: "tls-timeout", bytesSeen: 0 });
        expect(samples[0]!.totalMs).toBeGreaterThanOrEqual(500);
        expect(samples[0]!.bytesAcked).toBeGreaterThan(400);
    });

    test("recognises a server that accepts the request and then sends nothing", async () => {
        const { port } = await serving(httpsServer(tls, () => {}));
        const { samples } = await probe(port, { rounds: 1, timeoutSeconds: 1 });
        expect(samples[0]).toMatchObject({ failure: "first-byte-timeout" });
    });

    test("recognises an answer that stops in the middle", async () => {
        const answer = httpsServer(tls, (_request, response) => {
            response.writeHead(200, { "content-length": 100 });
            response.write("half");
        });
        const { port } = await serving(answer);
        const { samples } = await probe(port, { rounds: 1, timeoutSeconds: 1, endpoint: { kind: "api", path: "/" } });
        expect(samples[0]).toMatchObject({ failure: "body-timeout", flow: "api" });
    });

    test.each([
        { what: "a chunk without a size", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n" },
        { what: "no HTTP at all", answer: "SSH-2.0-OpenSSH_9.2\r\n" },
    ])("decides about a server that answers $what", async ({ answer }) => {
        const { port } = await serving(httpsServer(tls, ({ socket }) => void socket.end(answer)));
        const endpoint = { kind: "api" as const, path: "/", expectStatus: [200] };
        const { samples, stability, complete } = await probe(port, { rounds: 20, parallel: 2, endpoint });
        expect(new Set(samples.map(({ failure }) => failure))).toEqual(new Set(["http"]));
        expect({ stability, complete }).toEqual({ stability: "unstable", complete: true });
    });

    test.each([
        { part: "head", answer: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" },
        { part: "body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" },
        { part: "chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf" },
    ])("recognises an answer whose $part the server cuts off", async ({ answer }) => {
        const { port } = await serving(httpsServer(tls, ({ socket }) => void socket.end(answer)));
        const { samples } = await probe(port, { rounds: 1, endpoint: { kind: "api", path: "/" } });
        expect(samples[0]).toMatchObject({ failure: "reset" });
    });

    test("reads an answer that comes in chunks", async () => {
        const { port } = await serving(
            httpsServer(tls, (_request, response) => {
                response.writeHead(200);
                response.write("one");
                response.end("two");
            }),
        );
        const { samples } = await probe(port, { rounds: 1, endpoint: { kind: "api", path: "/" } });
        expect(samples[0]).toMatchObject({ status: 200 });
        expect(samples[0]).not.toHaveProperty("failure");
    });

    test.each([
        { what: "redirects to a port that does not exist", location: "https://localhost:99999/v2/" },
        { what: "redirects to a host that cannot be one", location: "https://[localhost/v2/" },
    ])("names an image whose registry $what, and decides about the registry", async ({ location }) => {
        const { port } = await serving(
            httpsServer(tls, ({ url }, response) =>
                url === "/v2/" ? response.writeHead(200).end() : response.writeHead(307, { location }).end(),
            ),
        );
        const image = `localhost:${port}/team/app:1`;
        const { pulls, samples, stability } = await probe(port, { images: [image], rounds: 40 });
        expect(samples).toContainEqual(expect.objectContaining({ flow: "manifest", failure: "http", status: 307 }));
        expect(stability).not.toBe("inconclusive");
        expect(pulls).toEqual([
            expect.objectContaining({ image, succeeded: 0, error: expect.stringMatching(/HTTP 307/) }),
        ]);
    });

    test.each([
        { what: "is a list", manifest: [] },
        { what: "names a layer without a digest", manifest: { layers: [{ size: 1 }] } },
        { what: "names a digest that would end its line", manifest: { layers: [{ digest: "sha256:0\r\nX: y" }] } },
        { what: "is for platforms that have no names", manifest: { manifests: [{ digest: "sha256:0", platform: 1 }] } },
    ])("names an image whose manifest $what", async ({ manifest }) => {
        const { port } = await serving(
            httpsServer(tls, (_request, response) => void response.end(JSON.stringify(manifest))),
        );
        const image = `localhost:${port}/team/app:1`;
        const { pulls, complete } = await probe(port, { images: [image], rounds: 1, budgetSeconds: 10 });
        expect(pulls).toEqual([expect.objectContaining({ image, succeeded: 0, error: expect.any(String) })]);
        expect(complete).toBe(true);
    });

    test("recognises a refused connection", async () => {
        const { samples } = await probe(await closedPort(), { rounds: 1 });
        expect(samples[0]).toMatchObject({ failure: "refused" });
    });

    test("recognises a certificate that is not trusted", async () => {
        const { port } = await serving(httpsServer(tls, (_request, response) => response.end()));
        const { samples } = await probe(port, { rounds: 1 }, { SSL_CERT_FILE: "/dev/null" });
        expect(samples[0]).toMatchObject({ failure: "certificate" });
    });

    test("recognises a name that does not resolve", async () => {
        const { samples } = await probe(443, { rounds: 1, endpoint: { host: "no-such-host.invalid" } });
        expect(samples[0]).toMatchObject({ failure: "dns" });
    });

    test("stops an endpoint that stalls as soon as that is decided", async () => {
        const { port } = await serving(silentServer());
        const report = await probe(port, { rounds: 200, timeoutSeconds: 1, ratePerEndpoint: 20, parallel: 16 });
        expect(report.stability).toBe("unstable");
        expect(report.samples.length).toBeLessThan(20);
        expect(report.complete).toBe(true);
    });

    test("continues after its rounds until they are decided, when a stray failure leaves them undecided", async () => {
        let requests = 0;
        const { port } = await serving(
            httpsServer(tls, (_request, response) => response.writeHead(requests++ === 0 ? 503 : 401).end()),
        );
        const report = await probe(port, { rounds: 60, ratePerEndpoint: 1000 });
        expect(report.stability).toBe("stable");
        expect(report.endpoints[0]!.attempts).toBeGreaterThan(60);
    });

    test("keeps to the rate and says so when the budget ends first", async () => {
        const { port } = await serving(httpsServer(tls, (_request, response) => response.writeHead(401).end()));
        const report = await probe(port, { rounds: 50, ratePerEndpoint: 5, budgetSeconds: 1 });
        expect(report.samples.length).toBeLessThanOrEqual(6);
        expect(report).toMatchObject({ complete: false, incompleteReason: expect.stringContaining("budget of 1 s") });
    });

    test("ends by itself when nobody reads its output any more", async () => {
        const { port } = await serving(silentServer());
        const plan = ProbePlan.parse({ endpoints: [{ host: "localhost", port }], timeoutSeconds: 100, pathMtu: false });
        const child = spawn("/bin/sh", ["-c", AGENT_COMMAND]);
        child.stdin.end(agentInput(agentTask(plan, true)));
        await once(createInterface({ input: child.stdout }), "line");
        child.stdout.destroy();
        const [code] = await once(child, "exit");
        expect(code).not.toBe(0);
    });
});

describe("measuring the path MTU", () => {
    test("reports a lower bound where only the host's own link limits it", async () => {
        const { port } = await serving(httpsServer(tls, (_request, response) => response.end()));
        const { result } = await measurePathMtu(session(), {
            endpoints: [{ host: "localhost", port, kind: "registry", path: "/", expectStatus: [200] }],
            families: ["ipv4"],
        });
        expect(result.ipv4?.upload).toMatchObject({ bytes: 9216, bound: "at-least", limitedBy: "link", silent: false });
        expect(result.ipv6).toBeNull();
    });
});

describe("a host that cannot be probed", () => {
    test("has no Python: the error says what to install", async () => {
        const where = {
            vantagePoint: "here",
            role: "host" as const,
            plan: ProbePlan.parse({ endpoints: [{ host: "a" }] }),
        };
        const failure = await probeHost(session({ PATH: "/nonexistent" }), where).catch(error => error);
        expect(failure).toBeInstanceOf(HostError);
        expect(failure).toMatchObject({
            reason: "missing-program",
            message: expect.stringContaining("apt-get install python3"),
        });
    });

    test("stops in the middle of the run: the report says that it is not complete", async () => {
        const facts = {
            machineId: "",
            kernel: "6.1",
            links: [],
            defaultRoute: {},
            pmtuCache: [],
            resolvers: [],
            conntrack: null,
            tcpMtuProbing: 0,
            icmpFragNeededReceived: null,
            clampCounters: [],
            icmpDropRules: [],
        };
        const dying = {
            ...session(),
            exec: async (_command: string, options?: { onLine?: (line: string) => void }) => {
                options?.onLine?.(JSON.stringify({ kind: "facts", facts }));
                return { code: 0, stdout: "", stderr: "" };
            },
        };
        const plan = ProbePlan.parse({ endpoints: [{ host: "a" }] });
        const report = await probeHost(dying, { vantagePoint: "here", role: "host", plan });
        expect(report).toMatchObject({
            complete: false,
            incompleteReason: "the probe stopped in the middle of its run.",
            stability: "inconclusive",
        });
    });

    test("sends a message that is not valid: the error says so", async () => {
        const nonsense = {
            ...session(),
            exec: async (_command: string, options?: { onLine?: (line: string) => void }) => {
                options?.onLine?.('{"kind":"sample","sample":{}}');
                return { code: 0, stdout: "", stderr: "" };
            },
        };
        const where = {
            vantagePoint: "here",
            role: "host" as const,
            plan: ProbePlan.parse({ endpoints: [{ host: "a" }] }),
        };
        await expect(probeHost(nonsense, where)).rejects.toThrow(/not valid at sample\.id/);
    });
});
