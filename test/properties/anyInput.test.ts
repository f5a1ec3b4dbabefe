import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readStackSettings, writeEncryptionSalt } from "../../engine/stack/stackConfig.ts";
import { readContainerdConfig } from "../../network/registries/containerdConfig.ts";
import { Connection, hostOfConnection } from "../../provider/host/connection.ts";
import { bootFiles } from "../../provider/host/link/linkManager.ts";
import { kinds } from "../../provider/kinds.ts";
import { importedState } from "../../provider/service/lifecycle.ts";

const configuration = { connectionDefaults: {} } as Parameters<typeof importedState>[2];
/** Names and addresses of hosts, and the users that one logs in as. */
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
const user = fc.string({ unit: "grapheme", minLength: 1 }).filter(name => !/[@/]/.test(name));
const port = fc.integer({ min: 1, max: 65535 });
/** What a shell, or a program's arguments, would read as more than a name. */
const awkward = fc.array(
    fc.constantFrom(
        "a",
        "eth0",
        ".service",
        ".timer",
        " ",
        "-",
        "/",
        "..",
        ";",
        "$(id)",
        "`",
        "'",
        '"',
        "\\",
        "\n",
        "*",
        "ä",
        "\0",
    ),
    { minLength: 1, maxLength: 6 },
);
const name = awkward.map(pieces => pieces.join(""));

describe("an id", () => {
    const kind = kinds.find(({ token }) => token === "clearpath:host:LinkMtu")!;

    test("names the host that it was made for, with any name of the host and of its user", () => {
        fc.assert(
            fc.property(host, user, port, (one, who, number) => {
                const id = `${hostOfConnection({ host: one, user: who, port: number })}/link/eth0`;
                const { inputs } = importedState(kind, id, configuration);
                expect(inputs.link).toBe("eth0");
                expect(inputs.connection).toMatchObject({ host: one, user: who, port: number });
            }),
        );
    });

    test("of any text is accepted, or refused with its name", () => {
        const pieces = fc.array(
            fc.constantFrom(
                "root",
                "@",
                "[",
                "]",
                "::1",
                ":",
                "22",
                "99999",
                "/link/",
                "/file/",
                "eth0",
                "$(id)",
                " ",
                "\n",
            ),
        );
        fc.assert(
            fc.property(
                fc.constantFrom(...kinds),
                fc.oneof(
                    pieces.map(all => all.join("")),
                    fc.string(),
                ),
                (some, id) => {
                    try {
                        importedState(some, id, configuration);
                    } catch (error) {
                        expect((error as Error).message).toContain(id);
                    }
                },
            ),
            { numRuns: 500 },
        );
    });
});

describe("a name that a resource takes", () => {
    const named: [string, string, (text: string) => object][] = [
        ["clearpath:host:LinkMtu", "link", link => ({ link, mtu: 1400 })],
        ["clearpath:host:NftTable", "table", table => ({ table, content: "" })],
        ["clearpath:host:SystemdUnit", "unit", unit => ({ unit, content: "" })],
        ["clearpath:host:Packages", "packages", one => ({ packages: [one] })],
    ];

    test.each(named)("of %s is one word to a shell, and no option to a command", (token, property, args) => {
        const { inputs } = kinds.find(kind => kind.token === token)!;
        const connection = Connection.parse({ host: "there" });
        fc.assert(
            fc.property(name, text => {
                const { success, error } = inputs.safeParse({ connection, ...args(text) });
                if (success) expect(text).toMatch(/^[\w.@:+\\][\w.@:+\\-]*$/);
                else expect(error.issues.map(({ path }) => path[0])).toEqual([property]);
            }),
            { numRuns: 1000 },
        );
    });
});

describe("a file for the next boot", () => {
    test("of netplan sets the MTU of exactly the id that netplan has given the link", () => {
        const id = fc.string({ unit: "grapheme", minLength: 1 }).filter(text => !/[/\0\n]/.test(text));
        const kind = fc.constantFrom(null, "bridge", "bond", "vlan", "veth");
        fc.assert(
            fc.property(id, kind, fc.integer({ min: 68, max: 65535 }), (some, of, mtu) => {
                const nothing = { profile: undefined, ifupdown: undefined, container: undefined, sharedWith: [] };
                // A bridge of systemd-networkd is refused unless its ports have the MTU.
                const ports = [{ name: "eth1", mtu }];
                const facts = { ...nothing, link: "eth0", kind: of, ports, files: new Map() };
                const networkFile = `/run/systemd/network/10-netplan-${some}.network`;
                const [file] = bootFiles("netplan", { ...facts, networkFile }, mtu);
                const { version, ...sections } = parse(file!.text).network;
                expect(version).toBe(2);
                expect(Object.values(sections)).toEqual([{ [some]: { mtu } }]);
            }),
        );
    });
});

describe("a file of any text", () => {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-any-"));
    afterAll(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "Pulumi.dev.yaml");
    const text = fc.oneof(
        fc
            .array(
                fc.constantFrom(
                    "config:",
                    "\n",
                    "  ",
                    "a:b: 1",
                    "encryptionsalt: v1",
                    "secure: x",
                    "- ",
                    "{",
                    "}",
                    "&a",
                    "*a",
                    "!!js",
                    "\t",
                    '"',
                    "ä",
                ),
            )
            .map(pieces => pieces.join("")),
        fc.string({ unit: "binary" }),
    );

    test("as a stack's settings is read, or refused with the file's name", async () => {
        await fc.assert(
            fc.asyncProperty(text, async some => {
                writeFileSync(file, some);
                const settings = await readStackSettings(directory, "p", "dev").catch((error: Error) => error);
                if (settings instanceof Error) expect(settings.message).toContain(file);
                else expect(settings.values).toBeInstanceOf(Map);
            }),
            { numRuns: 500 },
        );
    });

    test("as a stack's settings keeps its values when a salt is written into it", async () => {
        await fc.assert(
            fc.asyncProperty(text, async some => {
                writeFileSync(file, some);
                const before = await readStackSettings(directory, "p", "dev").catch(() => undefined);
                if (before === undefined) return;
                await writeEncryptionSalt(file, "v1:salt");
                const after = await readStackSettings(directory, "p", "dev");
                expect(after).toEqual({ ...before, encryptionSalt: "v1:salt" });
            }),
            { numRuns: 500 },
        );
    });

    test("as containerd's configuration is read, or taken for none that is known", () => {
        fc.assert(fc.property(text, some => void readContainerdConfig(some)));
    });
});
