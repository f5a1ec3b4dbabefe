import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BootRefusal } from "../../provider/host/link/bootRefusal.ts";
import { withDhclientMtu, withKeyfileMtu } from "../../provider/host/link/bootTexts.ts";
import { hasStanza, type IfupdownFlavour, withInterfacesMtu } from "../../provider/host/link/interfacesMtu.ts";
import { bracesBalance } from "../../provider/resources/nftTable.ts";

const link = fc.constantFrom("eth0", "vmbr1", "eno1.100", "a+b");
const mtu = fc.integer({ min: 68, max: 65535 });
const line = fc.oneof(
    fc.constantFrom(
        "auto eth0",
        "iface eth0 inet static",
        "iface eth0 inet dhcp",
        "iface eth0 inet6 auto",
        "iface vmbr1 inet manual",
        "\tmtu 1500",
        "    address 10.27.27.1/24",
        "\tpost-up ip link set dev eth0 mtu 9000",
        "\tpost-up echo it\\",
        "# iface eth0 inet static",
        "source /etc/network/interfaces.d/*",
        "[ethernet]",
        "[ipv4]",
        "mtu=9000",
        "",
    ),
    fc.string({ unit: "binary" }),
);
const text = fc.array(line, { maxLength: 12 }).map(lines => lines.join("\n"));

const PATH = "/etc/network/interfaces";
/** The file with the MTU; a text that is refused is none of these properties' cases. */
function withInterfaceMtu(text: string, of: string, size: number, flavour: IfupdownFlavour): string {
    try {
        return withInterfacesMtu(new Map([[PATH, text]]), of, size, flavour).get(PATH) ?? text;
    } catch (error) {
        if (error instanceof BootRefusal) fc.pre(false);
        throw error;
    }
}

describe("a configuration file of any text", () => {
    const renderers: [string, (text: string, link: string, mtu: number) => string][] = [
        ["interfaces of ifupdown2", (some, of, size) => withInterfaceMtu(some, of, size, "ifupdown2")],
        ["interfaces of ifupdown", (some, of, size) => withInterfaceMtu(some, of, size, "ifupdown")],
        ["dhclient.conf", withDhclientMtu],
        ["a keyfile", (some, _, size) => withKeyfileMtu(some, size)],
    ];

    test.each(renderers)("as %s gets its MTU once, and the last one given", (_, render) => {
        fc.assert(
            fc.property(text, link, mtu, mtu, (some, of, first, last) => {
                const once = render(some, of, last);
                expect(render(once, of, last)).toBe(once);
                expect(render(render(some, of, first), of, last)).toBe(render(once, of, last));
            }),
        );
    });

    test.each(renderers)("as %s keeps every line without an MTU, in its order", (_, render) => {
        const otherLines = (some: string) =>
            some.split("\n").filter(one => !/mtu/.test(one) && one !== "" && one !== "[ethernet]");
        fc.assert(
            fc.property(text, link, mtu, (some, of, size) => {
                expect(otherLines(render(some, of, size))).toEqual(otherLines(some));
            }),
        );
    });

    test("as interfaces stays as it is when it has no stanza for the link", () => {
        fc.assert(
            fc.property(text, link, mtu, (some, of, size) => {
                fc.pre(!hasStanza(new Map([[PATH, some]]), of));
                expect(withInterfaceMtu(some, of, size, "ifupdown2")).toBe(some);
            }),
        );
    });
});

const inNamespace = (script: string, input = "") =>
    spawnSync("unshare", ["-rn", "sh", "-c", script], { input, encoding: "utf8" });

describe.runIf(inNamespace("nft list tables").status === 0)("the text of an nft table", () => {
    const attacks = [
        '} table ip other { "',
        'chain a { comment "\n" } } table ip other { chain b { comment "\n" } }',
        '# "\n} table ip other { # "',
        "# \\\n} table ip other { chain a { } ",
        'define a = "\n" } table ip other { chain b { } } table inet t { define a = "\n"',
        "chain a { } # }\n",
    ];
    const piece = fc.constantFrom(
        '"',
        "#",
        "{",
        "}",
        "\n",
        "\\\n",
        " } table ip other {",
        "chain a {",
        " accept ",
        ";",
    );
    const content = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(""));

    test("that is accepted makes no other table, also when nft refuses it", () => {
        fc.assert(
            fc.property(content, some => {
                fc.pre(bracesBalance(some));
                const { stdout } = inNamespace("nft -f - 2>/dev/null; nft list tables", `table inet t {\n${some}\n}\n`);
                expect(["", "table inet t\n"]).toContain(stdout);
            }),
            { numRuns: 60, examples: attacks.filter(bracesBalance).map(attack => [attack]) },
        );
        expect(attacks.filter(bracesBalance)).toEqual(["chain a { } # }\n"]);
    });
});
