import { expect, test } from "vitest";
import {
    dockerIoAuthWorks,
    formatK3sVersion,
    hostsTomlLayout,
    parseK3sVersion,
    wildcardKeepsUpstream,
} from "../../../../network/registries/version.ts";

const march2024 = { hostTable: false, compact: false };
const april2024 = { hostTable: true, compact: false };
const february2025 = { hostTable: true, compact: true };

test.each([
    // release, layout of hosts.toml, "*" falls back to the upstream, credentials under docker.io are found
    ["v1.25.16+k3s4", null, true, false],
    ["v1.26.12+k3s1", null, true, false],
    ["v1.26.13+k3s1", null, false, false],
    ["v1.26.15+k3s1", march2024, true, false],
    ["v1.27.12+k3s1", march2024, true, false],
    ["v1.27.13+k3s1", april2024, true, false],
    ["v1.28.8+k3s1", march2024, true, false],
    ["v1.28.9+k3s1", april2024, true, false],
    ["v1.29.0+k3s1", null, true, false],
    ["v1.29.2+k3s1", null, false, false],
    ["v1.29.3+k3s1", march2024, true, false],
    ["v1.29.4+k3s1", april2024, true, false],
    ["v1.30.14+k3s2", april2024, true, false],
    ["v1.31.5+k3s1", april2024, true, false],
    ["v1.31.6+k3s1", february2025, false, false],
    ["v1.31.7+k3s1", february2025, true, false],
    ["v1.31.11+k3s1", february2025, true, true],
    ["v1.32.1+k3s1", april2024, true, false],
    ["v1.32.2+k3s1", february2025, false, false],
    ["v1.32.3-rc1+k3s1", february2025, true, false],
    ["v1.32.7+k3s1", february2025, true, true],
    ["v1.33.2+k3s1", february2025, true, false],
    ["v1.33.3+k3s1", february2025, true, true],
    ["v1.40.0+k3s1", february2025, true, true],
])("%s", (text, layout, wildcard, dockerIo) => {
    const version = parseK3sVersion(text)!;

    expect(hostsTomlLayout(version)).toEqual(layout);
    expect(wildcardKeepsUpstream(version)).toBe(wildcard);
    expect(dockerIoAuthWorks(version)).toBe(dockerIo);
});

test.each(["v1.32.3+k3s1", "1.32.3", " v1.32.3-rc2+k3s1\n", "v1.32.3"])("%s is v1.32.3", text => {
    expect(formatK3sVersion(parseK3sVersion(text)!)).toBe("v1.32.3");
});

test.each(["", "v1.32", "2.0.0", "v1.32.x", "latest", "v1.32.3 k3s"])("%s is no K3s release", text => {
    expect(parseK3sVersion(text)).toBeNull();
});
