import { describe, expect, it } from "vitest";
import { withDhclientMtu, withKeyfileMtu } from "../../../../provider/host/link/bootTexts.ts";

describe("dhclient.conf", () => {
    it.each([
        ["an empty file", "", ""],
        ["a file with options", "timeout 60;\n", "timeout 60;\n"],
        ["a file without a last newline", "timeout 60;", "timeout 60;\n"],
    ])("keeps the lease's MTU from the link, in %s", (_, text, kept) => {
        const once = withDhclientMtu(text, "eth0", 1400);
        expect(once).toBe(`${kept}interface "eth0" { supersede interface-mtu 1400; }\n`);
        expect(withDhclientMtu(once, "eth0", 1390)).toBe(once.replace("1400", "1390"));
    });
});

describe("a NetworkManager keyfile", () => {
    it.each([
        ["no section", "[connection]\nid=x\n", "[connection]\nid=x\n\n[ethernet]\nmtu=1400\n"],
        ["a section", "[ethernet]\n\n[ipv4]\nmethod=auto\n", "[ethernet]\nmtu=1400\n\n[ipv4]\nmethod=auto\n"],
        ["an MTU", "[ethernet]\nmtu=9000\n", "[ethernet]\nmtu=1400\n"],
        ["an MTU elsewhere", "[ethernet]\n[infiniband]\nmtu=9000\n", "[ethernet]\nmtu=1400\n[infiniband]\nmtu=9000\n"],
    ])("with %s gets the MTU for Ethernet", (_, text, expected) => {
        expect(withKeyfileMtu(text, 1400)).toBe(expected);
    });
});
