import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadScenario, parseScenario } from "../../../../lab/network/scenario.ts";

const SHIPPED = fileURLToPath(new URL("../../../../lab/scenarios/", import.meta.url));

describe("a scenario", () => {
    it("is a healthy network when it says nothing", () => {
        const { internet, gateway, nodes, stack, expect: expected } = parseScenario({});

        expect(internet).toEqual({
            paths: [
                {
                    weight: 1,
                    mtu: 1500,
                    mtuAppliesTo: "both",
                    icmpFragNeeded: "pass",
                    family: "both",
                    delayMs: 5,
                    lossPercent: 0,
                    rateMbit: 200,
                    queueMs: 100,
                },
            ],
            endpoints: {},
            dns: { failPercent: 0, delayMs: 0 },
            addressSeed: 0,
            tcpMtuProbing: false,
        });
        expect(gateway).toEqual({ icmpFragNeeded: "pass", natPorts: 0, bridgeMtu: 1500, blockFromVms: [] });
        expect(nodes).toEqual({ workers: 1, mtu: 1500, routeMtu: null, learntMtu: null, pods: null, overrides: {} });
        expect({ stack, expected }).toEqual({ stack: {}, expected: {} });
    });

    it("keeps what it says and fills in the rest", () => {
        const { internet, nodes } = parseScenario({
            internet: { paths: [{ mtu: 1380 }, {}] },
            nodes: { workers: 2, overrides: { worker2: { mtu: 9000 } } },
        });

        expect(internet.paths.map(({ mtu, weight }) => [mtu, weight])).toEqual([
            [1380, 1],
            [1500, 1],
        ]);
        expect(nodes).toMatchObject({ mtu: 1500, overrides: { worker2: { mtu: 9000 } } });
    });

    it.each([
        [{}, { status: 503, failPercent: 0 }],
        [{ status: 429 }, { status: 429, failPercent: 100 }],
        [{ failPercent: 20 }, { status: 503, failPercent: 20 }],
        [
            { status: 503, failPercent: 20 },
            { status: 503, failPercent: 20 },
        ],
        [{ status: 200 }, { status: 200, failPercent: 0 }],
    ])("reads the endpoint fault %j as %j", (written, meant) => {
        const { internet } = parseScenario({ internet: { endpoints: { "ghcr.io": written } } });

        const well = { delayMs: 0, tls: "valid", unreachable: "no", mtu: null };
        expect(internet.endpoints["ghcr.io"]).toEqual({ ...well, ...meant });
    });

    it.each([
        [{ internet: { paths: [{ mtu: "fast" }] } }, "internet.paths[0].mtu: "],
        [{ internet: { paths: [{ mtu: 9000 }] } }, "internet.paths[0].mtu: "],
        [{ internet: { paths: [] } }, "internet.paths: "],
        [{ internet: { pahts: [{}] } }, 'internet: Unrecognized key: "pahts"'],
        [{ internet: { endpoints: { "ghcr.io": { tls: "none" } } } }, 'internet.endpoints["ghcr.io"].tls: '],
        [{ internet: { endpoints: { "gchr.io": {} } } }, 'internet.endpoints["gchr.io"]: no host of the lab'],
        [
            { nodes: { overrides: { worker2: { mtu: 1400 } } } },
            "nodes.overrides.worker2: the scenario has no such node",
        ],
        [{ gateway: { blockFromVms: ["192.0.2.0/24", "nowhere"] } }, "gateway.blockFromVms[1]: name a host of the lab"],
        [{ expect: { before: { cause: "gremlins" } } }, "expect.before.cause: "],
        [[], "the whole file: "],
    ])("is refused with the path of what is wrong: %j", (value, message) => {
        expect(() => parseScenario(value, "x.json")).toThrow(`x.json is not a scenario. ${message}`);
    });

    it("is refused with every wrong value at once", () => {
        const wrong = { internet: { paths: [{ mtu: 1, weight: 0 }] } };

        expect(() => parseScenario(wrong)).toThrow(/paths\[0\]\.weight: .*paths\[0\]\.mtu: /);
    });
});

describe("a scenario file", () => {
    let directory: string;
    beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), "scenario-"));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    const fileWith = (text: string) => {
        const file = join(directory, "lossy.json");
        writeFileSync(file, text);
        return file;
    };

    it("lends its own name to a scenario without one", () => {
        expect(loadScenario(fileWith("{}")).name).toBe("lossy");
        expect(loadScenario(fileWith('{"name": "other"}')).name).toBe("other");
    });

    it("that is missing is named in the error", () => {
        const missing = join(directory, "none.json");

        expect(() => loadScenario(missing)).toThrow(`${missing} cannot be read: there is no such file.`);
    });

    it("that is not JSON is named in the error", () => {
        const file = fileWith('{"name": }');

        expect(() => loadScenario(file)).toThrow(`${file} is not JSON: `);
    });

    it.each(readdirSync(SHIPPED))("%s is a scenario named after its file", name => {
        const file = join(SHIPPED, name);
        const written = JSON.parse(readFileSync(file, "utf8"));

        const scenario = loadScenario(file);

        expect(`${scenario.name}.json`).toBe(name);
        expect(scenario).toMatchObject(written);
    });
});
