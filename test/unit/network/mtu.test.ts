import { describe, expect, it, test } from "vitest";
import { measuredPathMtu, smallestOf } from "../../../network/mtu.ts";
import type { MeasuredMtu, PathMtuResult } from "../../../network/probe/report.ts";

const exactly = (bytes: number): MeasuredMtu => ({
    bytes,
    bound: "exact",
    limitedBy: null,
    paths: [bytes],
    icmpSeen: false,
    silent: true,
    probes: 12,
});
const atLeast = (bytes: number): MeasuredMtu => ({
    ...exactly(bytes),
    bound: "at-least",
    limitedBy: "link",
    silent: false,
});

function measured(download: MeasuredMtu | null, upload: MeasuredMtu | null): PathMtuResult {
    return { ipv4: { download, upload }, ipv6: null };
}

describe("measuredPathMtu", () => {
    test.each<[string, PathMtuResult[], number | null]>([
        ["the smaller direction", [measured(exactly(1500), exactly(1380))], 1380],
        ["the smaller of two vantage points", [measured(exactly(1500), null), measured(exactly(1380), null)], 1380],
        [
            "the gateway's value where a node was bounded by its own link",
            [measured(exactly(1500), exactly(1500)), measured(atLeast(1400), atLeast(1400))],
            1500,
        ],
        [
            "the node's exact value below a gateway's lower bound",
            [measured(atLeast(1500), atLeast(1500)), measured(exactly(1380), exactly(1380))],
            1380,
        ],
        ["the larger of two lower bounds", [measured(atLeast(1500), null), measured(atLeast(1400), null)], 1500],
        ["the one direction that was measured", [measured(null, exactly(1380))], 1380],
        ["null when nothing was measured", [measured(null, null)], null],
        ["null without vantage points", [], null],
    ])("takes %s", (_, measurements, bytes) => {
        expect(measuredPathMtu(measurements)).toEqual({ ipv4: bytes, ipv6: null });
    });
});

it("takes the smaller IP version, and the known one when the other is not", () => {
    expect(smallestOf({ ipv4: 1400, ipv6: 1380 })).toBe(1380);
    expect(smallestOf({ ipv4: 1400, ipv6: null })).toBe(1400);
    expect(smallestOf({ ipv4: null, ipv6: null })).toBeNull();
});
