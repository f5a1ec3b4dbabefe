import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CouldNotRun } from "../../../../cli/exit.ts";
import { targetsOfFile, targetsOfStack } from "../../../../cli/probe/targets.ts";

let directory: string;
beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "targets-"));
    writeFileSync(
        join(directory, "Pulumi.yaml"),
        "name: clearpath\nruntime: { name: nodejs, options: { typescript: false } }\n",
    );
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
}

describe("a host list", () => {
    test("needs no more than names and addresses: the plan's endpoints are the default", async () => {
        const { hosts, plan } = await targetsOfFile(
            file("hosts.yaml", "hosts:\n  - { name: cp1, role: server, connection: { host: 10.27.27.11 } }\n"),
        );
        expect(hosts).toEqual([
            {
                vantagePoint: "cp1",
                role: "server",
                connection: expect.objectContaining({ host: "10.27.27.11", port: 22 }),
            },
        ]);
        expect(plan.endpoints.map(({ host }) => host)).toContain("api.doppler.com");
    });

    test("may be JSON with a plan of its own", async () => {
        const list = { hosts: [{ name: "a", connection: { host: "a" } }], probe: { rounds: 3, images: [] } };
        const { plan } = await targetsOfFile(file("hosts.json", JSON.stringify(list)));
        expect(plan).toMatchObject({ rounds: 3, images: [] });
    });

    test.each([
        { what: "is missing", text: undefined, says: /cannot be read/ },
        { what: "is no YAML", text: "hosts: [", says: /neither YAML nor JSON/ },
        { what: "has no hosts", text: "hosts: []", says: /hosts: .*Correct the file/s },
        { what: "has an unknown key", text: "hosts: [{ name: a, connection: { host: a, prot: 22 } }]", says: /prot/ },
    ])("that $what stops the command", async ({ text, says }) => {
        const path = text === undefined ? join(directory, "absent") : file("wrong", text);
        const failure = await targetsOfFile(path).catch(error => error);
        expect(failure).toBeInstanceOf(CouldNotRun);
        expect(failure.message).toMatch(says);
    });
});

describe("a stack", () => {
    test("gives its gateway and nodes as vantage points", async () => {
        const config = {
            "clearpath:gateway": { name: "pve", connection: { host: "192.168.1.2" } },
            "clearpath:nodeSubnets": ["10.27.27.0/24"],
            "clearpath:nodes": [{ name: "cp1", role: "server", connection: { host: "10.27.27.11" } }],
            "clearpath:probe": { rounds: 4 },
        };
        file("Pulumi.dev.yaml", JSON.stringify({ config }));
        const { hosts, plan } = await targetsOfStack("dev", directory);
        expect(hosts.map(({ vantagePoint, role }) => [vantagePoint, role])).toEqual([
            ["pve", "gateway"],
            ["cp1", "server"],
        ]);
        expect(plan.rounds).toBe(4);
    });

    test("with a wrong configuration stops the command with its faults", async () => {
        file("Pulumi.bad.yaml", JSON.stringify({ config: { "clearpath:nodes": [] } }));
        await expect(targetsOfStack("bad", directory)).rejects.toThrow(/clearpath:nodes/);
    });

    test("outside of a Pulumi program stops the command", async () => {
        await expect(targetsOfStack("dev", tmpdir())).rejects.toThrow(CouldNotRun);
    });
});
