import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { must } from "../../../lab/network/command.ts";
import { closedPort, type TestTls, testRegistry, testTls } from "./servers.ts";

const AGENT_PARENT = join(import.meta.dirname, "../../../provider/probe");
const python = (program: string, ...rest: string[]) => [
    "python3",
    "-B",
    join(import.meta.dirname, program),
    AGENT_PARENT,
    ...rest,
];

let tls: TestTls;
let directory: string;

beforeAll(async () => {
    tls = await testTls();
    directory = mkdtempSync(join(tmpdir(), "pulls-"));
    writeFileSync(join(directory, "ca.pem"), tls.ca);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Pulls `localhost:PORT/team/app:1`, or another image, with this hosts.toml for its registry. What failed, or null. */
async function pull(image: string, hostsToml: string, trusted = true): Promise<string | null> {
    const certs = mkdtempSync(join(directory, "certs-"));
    const registry = image.split("/")[0]!;
    mkdirSync(join(certs, registry));
    writeFileSync(join(certs, registry, "hosts.toml"), hostsToml);
    writeFileSync(join(certs, registry, "mirror.pem"), tls.ca);
    const env = trusted ? { ...process.env, SSL_CERT_FILE: join(directory, "ca.pem") } : process.env;
    return JSON.parse(await must("pull", python("own_pull_test.py", certs, image), { env }));
}

async function registry() {
    const started = await testRegistry(tls);
    onTestFinished(started.close);
    return started;
}

describe("a pull without a runtime", () => {
    test("goes through the host's mirror, with its authority, its rewrite and the registry's name", async () => {
        const mirror = await registry();
        const toml = `
server = "https://registry.invalid/v2"
[host]
[host."https://localhost:${mirror.port}/v2"]
  capabilities = ["pull", "resolve"]
  ca = ["mirror.pem"]
  [host."https://localhost:${mirror.port}/v2".rewrite]
    "^cached/(.*)" = "$1"
`;
        expect(await pull("registry.invalid/cached/team/app:1", toml, false)).toBeNull();
        expect(mirror.queries).toContain("?ns=registry.invalid");
    });

    test("asks the next server when a mirror does not answer, and at last the registry", async () => {
        const upstream = await registry();
        const dead = `[host."http://localhost:${await closedPort()}"]\n  capabilities = ["pull", "resolve"]\n`;
        expect(await pull(upstream.image, dead)).toBeNull();
    });

    test("says what failed at each server", async () => {
        const [dead, gone] = [await closedPort(), await closedPort()];
        const failed = await pull(`localhost:${gone}/team/app:1`, `[host."http://localhost:${dead}"]\n`);
        expect(failed).toMatch(
            new RegExp(
                `^mirror localhost:${dead}: manifest from localhost: refused: .*; manifest from localhost: refused`,
            ),
        );
    });
});

test("the agent finds what containerd logged about each endpoint, once for each", async () => {
    const log = `
time="2026-01-01T10:00:00Z" level=info msg="PullImage \\"ghcr.io/fluxcd/source-controller:v1.6.2\\""
time="2026-01-01T10:00:01Z" level=info msg="trying next host" error="failed to do request: Head \\"https://10.27.27.5:5000/v2/fluxcd/source-controller/manifests/v1.6.2?ns=ghcr.io\\": dial tcp 10.27.27.5:5000: connect: connection refused" host="10.27.27.5:5000"
time="2026-01-01T10:00:01Z" level=info msg="trying next host" error="failed to do request: Head \\"https://other/v2/another/image/manifests/1\\": EOF" host="other"
time="2026-01-01T10:00:11Z" level=error msg="PullImage \\"ghcr.io/fluxcd/source-controller:v1.6.2\\" failed" error="failed to pull and unpack image: net/http: TLS handshake timeout"
time="2026-01-01T10:00:11Z" level=error msg="PullImage \\"ghcr.io/fluxcd/source-controller:v1.6.2\\" failed" error="failed to pull and unpack image: net/http: TLS handshake timeout"
`;
    const argv = python("runtime_log_test.py", "ghcr.io/fluxcd/source-controller:v1.6.2");
    const reasons = JSON.parse(await must("read", argv, { stdin: log })) as string[];
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toMatch(/^10\.27\.27\.5:5000: failed to do request: .*connection refused$/);
    expect(reasons[1]).toBe("failed to pull and unpack image: net/http: TLS handshake timeout");
});
