import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { canonicalCidr, containsAddress, containsCidr, faultOfCidr, subnetsByFamily } from "../../../network/cidr.ts";

describe("faultOfCidr", () => {
    test.each([["10.27.27.0/24"], ["0.0.0.0/0"], ["10.27.27.5/32"], ["2001:db8:27::/64"], ["::/0"]])(
        "finds none in %s",
        text => {
            expect(faultOfCidr(text)).toBeUndefined();
        },
    );

    test.each([
        ["10.27.27.0"],
        ["10.27.27/24"],
        ["10.27.27.0/33"],
        ["10.27.1O.0/24"],
        ["0x0a.1.1.0/24"],
        ["2001:db8::/129"],
        ["fe80::%eth0/64"],
        ["10.27.27.0/24/8"],
        ["10.27.27.0/"],
        ["the vm net"],
        [""],
    ])("says that %j is not a subnet", text => {
        expect(faultOfCidr(text)).toContain("is not a subnet in CIDR notation. Write for example 10.27.27.0/24");
    });

    it("names both meanings of a host with a network's prefix", () => {
        expect(faultOfCidr("10.27.27.5/24")).toBe(
            "has bits set behind its prefix. Write 10.27.27.0/24 for the network, or 10.27.27.5/32 for the one host.",
        );
        expect(faultOfCidr("2001:db8::1/64")).toContain("Write 2001:db8::/64 for the network, or 2001:db8::1/128");
    });
});

test.each([
    ["10.27.27.0/24", "10.27.27.11", true],
    ["10.27.27.0/24", "10.27.28.11", false],
    ["10.27.27.0/24", "cp1.example", false],
    ["10.27.27.0/24", "2001:db8:27::11", false],
    ["2001:db8:27::/64", "2001:db8:27::11", true],
    ["2001:db8:27::/64", "2001:db8:28::11", false],
])("%s contains %s: %s", (cidr, address, inside) => {
    expect(containsAddress(cidr, address)).toBe(inside);
});

const ipv4Cidr = fc
    .record({ bits: fc.integer({ min: 0, max: 0xffffffff }), prefix: fc.integer({ min: 0, max: 32 }) })
    .map(({ bits, prefix }) => {
        const network = prefix === 0 ? 0 : (bits & (0xffffffff << (32 - prefix))) >>> 0;
        return `${[24, 16, 8, 0].map(shift => (network >>> shift) & 255).join(".")}/${prefix}`;
    });

describe("subnetsByFamily", () => {
    it("keeps one spelling and drops a subnet that is inside of another", () => {
        const cidrs = ["10.42.3.0/24", "10.42.0.0/16", "2001:DB8:0:0::/64", "2001:db8::/64", "10.27.27.0/24"];
        expect(subnetsByFamily(cidrs)).toEqual({ ipv4: ["10.27.27.0/24", "10.42.0.0/16"], ipv6: ["2001:db8::/64"] });
    });

    it("covers every subnet it was given, with subnets that do not overlap", () => {
        fc.assert(
            fc.property(fc.array(ipv4Cidr, { minLength: 1, maxLength: 12 }), cidrs => {
                const { ipv4 } = subnetsByFamily(cidrs);
                expect(cidrs.every(cidr => ipv4.some(outer => containsCidr(outer, cidr)))).toBe(true);
                const overlapping = ipv4.filter(one =>
                    ipv4.some(other => other !== one && (containsCidr(one, other) || containsCidr(other, one))),
                );
                expect(overlapping).toEqual([]);
            }),
        );
    });
});

it("writes IPv6 in its shortest form", () => {
    expect(canonicalCidr("2001:0DB8:0000:0000:0000:0000:0000:0000/32")).toBe("2001:db8::/32");
});
