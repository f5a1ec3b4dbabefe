import { expect, test } from "vitest";
import { type MssSetting, mssFor, mssFromPathMtu } from "../../../network/mss.ts";

test.each([
    [
        { ipv4: 1500, ipv6: 1500 },
        { ipv4: 1460, ipv6: 1440 },
    ],
    [
        { ipv4: 1380, ipv6: 1380 },
        { ipv4: 1340, ipv6: 1320 },
    ],
    [
        { ipv4: 1380, ipv6: null },
        { ipv4: 1340, ipv6: null },
    ],
    [
        { ipv4: null, ipv6: 1280 },
        { ipv4: null, ipv6: 1220 },
    ],
    [
        { ipv4: 1200, ipv6: 1200 },
        { ipv4: 1160, ipv6: 1140 },
    ],
    [
        { ipv4: 560, ipv6: 560 },
        { ipv4: 536, ipv6: 516 },
    ],
])("a path of %j leaves an MSS of %j", (pathMtu, mss) => {
    expect(mssFromPathMtu(pathMtu)).toEqual(mss);
});

test.each<[MssSetting, { ipv4: number | null; ipv6: number | null }]>([
    ["auto", { ipv4: 1340, ipv6: 1320 }],
    [1300, { ipv4: 1300, ipv6: 1280 }],
    [
        { ipv4: 1300, ipv6: 1220 },
        { ipv4: 1300, ipv6: 1220 },
    ],
    [{ ipv4: 1300 }, { ipv4: 1300, ipv6: 1320 }],
])("the setting %j on a path of 1380 means %j", (setting, mss) => {
    expect(mssFor(setting, { ipv4: 1380, ipv6: 1380 })).toEqual(mss);
});
