import { expect, test } from "vitest";
import { debianSources, transportOptions } from "../../../../lab/network/base.ts";
import { isDebianOrUbuntu } from "../../../../lab/network/machine.ts";

test("the base comes from the mirrors apt is set to, with security and point updates where apt has them", () => {
    const targets = [
        "Google|cloud-sdk|cloud-sdk-bookworm|https://packages.example/apt/|Packages",
        "Debian|Debian|stable|http://mirror.example/debian/|Packages",
        "Debian|Debian|stable-updates|http://mirror.example/debian/|Packages",
        "Debian|Debian-Security|stable-security|http://mirror.example/debian-security/|Packages",
        "",
    ].join("\n");

    expect(debianSources(targets)).toEqual([
        { uri: "http://mirror.example/debian/", suite: "bookworm" },
        { uri: "http://mirror.example/debian/", suite: "bookworm-updates" },
        { uri: "http://mirror.example/debian-security/", suite: "bookworm-security" },
    ]);
});

test("the base is bookworm on a machine of another release too", () => {
    const targets = "Debian|Debian|testing|http://mirror.example/debian/|Packages\n";

    expect(debianSources(targets)).toEqual([{ uri: "http://mirror.example/debian/", suite: "bookworm" }]);
});

test("a machine that knows no Debian mirror gets Debian's own", () => {
    const targets = "Ubuntu|Ubuntu|noble|http://archive.example/ubuntu/|Packages\n";

    expect(debianSources(targets)).toEqual([{ uri: "http://deb.debian.org/debian/", suite: "bookworm" }]);
});

test("proxies and certificates of apt are passed on, other settings and empty ones are not", () => {
    const dump = [
        'APT::Architecture "amd64";',
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https "";',
        'Acquire::https::CaInfo "/etc/ssl/mirror.pem";',
        'Acquire::Languages "none";',
        'Acquire::Retries "3";',
    ].join("\n");

    expect(transportOptions(dump)).toEqual([
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https::CaInfo "/etc/ssl/mirror.pem";',
        'Acquire::Retries "3";',
    ]);
});

test.each([
    ["Debian", "PRETTY_NAME=x\nID=debian\n", true],
    ["Ubuntu", 'ID=ubuntu\nID_LIKE="debian"\n', true],
    ["Mint", 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', true],
    ["Fedora", "ID=fedora\n", false],
    ["Alpine", "ID=alpine\nHOME_URL=https://debian.example\n", false],
    ["nothing", "", false],
])("%s is told apart by its os-release", (_name, osRelease, fits) => {
    expect(isDebianOrUbuntu(osRelease)).toBe(fits);
});
