import { describe, expect, it } from "vitest";
import { kinds } from "../../../provider/kinds.ts";
import { file } from "../../../provider/resources/file.ts";
import { linkMtu } from "../../../provider/resources/linkMtu.ts";
import { bodyOfListing, bracesBalance, nftTable } from "../../../provider/resources/nftTable.ts";
import { systemdUnit } from "../../../provider/resources/systemdUnit.ts";
import { checkInputs, secretsOf } from "../../../provider/service/check.ts";
import { pathKey, UNKNOWN } from "../../../provider/service/values.ts";

const connection = { host: "10.27.27.11" };

describe("checkInputs", () => {
    it("fills in defaults, at every level", () => {
        const { inputs, failures } = checkInputs(linkMtu, { connection, link: "eth0", mtu: 1400 });
        expect(failures).toEqual([]);
        expect(inputs).toEqual({
            connection: { host: "10.27.27.11", port: 22, user: "root", dialErrorLimit: 1, perDialTimeout: 15 },
            link: "eth0",
            mtu: 1400,
            confirmSeconds: 30,
            witnesses: [],
        });
    });

    it.each([
        [{ connection, link: "eth0" }, "mtu: is missing. Give it a value."],
        [{ connection, link: "eth0", mtu: "fast" }, "mtu: expected number, received string."],
        [{ connection, link: "eth0", mtu: 12 }, "mtu: expected number to be >=68."],
        [{ connection, link: "eth 0", mtu: 1400 }, "link: must be the name of a network link, such as eth0 or vmbr1."],
        [{ connection: {}, link: "eth0", mtu: 1400 }, "connection.host: is missing. Give it a value."],
        [
            { connection: { ...connection, prot: 22 }, link: "eth0", mtu: 1400 },
            "connection.prot: there is no property of this name. Check its spelling.",
        ],
        [
            { connection, link: "eth0", mtu: 1400, mut: 1 },
            "mut: there is no property of this name. Choose one of connection, link, mtu, confirmSeconds, witnesses.",
        ],
    ])("says what is wrong with %o", (inputs, failure) => {
        expect(checkInputs(linkMtu, inputs).failures).toEqual([failure]);
    });

    it("never prints a value, which may be a secret", () => {
        const { failures } = checkInputs(file, {
            connection: { ...connection, password: 1234 },
            path: "hunter2",
            content: 5,
        });
        expect(failures.join()).toContain("connection.password");
        expect(failures.join()).not.toMatch(/1234|hunter2/);
    });

    it("checks known values and accepts unknown ones", () => {
        const { inputs, failures } = checkInputs(linkMtu, { connection: { host: UNKNOWN }, link: UNKNOWN, mtu: 12 });
        expect(failures).toEqual(["mtu: expected number to be >=68."]);
        expect(inputs).toMatchObject({ connection: { host: UNKNOWN }, link: UNKNOWN });
    });

    it("treats null as absent", () => {
        const { inputs, failures } = checkInputs(linkMtu, {
            connection: { ...connection, port: null },
            link: "eth0",
            mtu: 1400,
            confirmSeconds: null,
        });
        expect(failures).toEqual([]);
        expect(inputs).toMatchObject({ connection: { port: 22 }, confirmSeconds: 30 });
    });

    it.each([
        [nftTable, { table: "clearpath", content: "} table inet evil {" }, "content: has braces"],
        [systemdUnit, { unit: "x.service", content: "[Service]\n" }, "content: has no [Install]"],
        [systemdUnit, { unit: "../x.service", content: "" }, "unit: must be"],
        [file, { path: "/etc/../root/x", content: "" }, "path: must be written without"],
        [file, { path: "etc/x", content: "" }, "path: must be an absolute path"],
        [file, { path: "/etc/x", content: "", mode: "rw" }, "mode: must be octal"],
        [file, { path: "/etc/x", content: "a\0b" }, "content: must be text"],
    ])("checks more than types", (kind, args, reason) => {
        expect(checkInputs(kind, { connection, ...args }).failures).toEqual([expect.stringContaining(reason)]);
    });
});

describe("secretsOf", () => {
    it("finds the values that the schema marks as secret", () => {
        const values = { connection: { ...connection, password: "x", proxy: { host: "pve", privateKey: "y" } } };
        expect(secretsOf(file.inputs, values)).toEqual(
            new Set([pathKey(["connection", "password"]), pathKey(["connection", "proxy", "privateKey"])]),
        );
    });

    it("finds it in lists", () => {
        const witnesses = [{ name: "cp1", connection: { ...connection, privateKey: "x" }, endpoints: [] }];
        expect(secretsOf(linkMtu.inputs, { connection, witnesses })).toEqual(
            new Set([pathKey(["witnesses", 0, "connection", "privateKey"])]),
        );
    });
});

describe("every resource type", () => {
    it.each(kinds.map(kind => [kind.token, kind] as const))("%s describes each of its properties", (_, kind) => {
        for (const schema of [kind.inputs, kind.outputs])
            for (const [name, property] of Object.entries(schema.shape))
                expect(property.description, name).toMatch(/^[A-Z`].*[.`]$/s);
    });
});

describe("an nft table's text", () => {
    it.each([
        ["chain a { }", true],
        ['chain a { comment "}" } # }', true],
        ["}", false],
        ["} {", false],
        ["chain a {", false],
        ['define a = "\n" } table ip b { "\n"', false],
    ])("%s stays inside its table: %s", (content, balanced) => {
        expect(bracesBalance(content)).toBe(balanced);
    });

    it("is found again in the listing of nft", () => {
        expect(bodyOfListing("table inet a {\n\tchain b {\n\t\taccept\n\t}\n}\n")).toBe("chain b {\n\taccept\n}\n");
    });
});
