import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { html } from "../../../../cli/evidence/report/html.ts";
import { reportPage } from "../../../../cli/evidence/report/page.ts";
import { gateway, node } from "../../network/verdict/reports.ts";
import { recorded, runWith } from "./runs.ts";

function textOf(page: string, selector: string): string {
    return parseHTML(page).document.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
}

describe("templates", () => {
    test("escape text and attributes, and leave their own HTML alone", () => {
        const list = ["<b>", "a & 'b'"].map(item => html`<li title="${item}">${item}</li>`);
        expect(html`<ul>${list}${null}${false}</ul>`.text).toBe(
            '<ul><li title="&lt;b&gt;">&lt;b&gt;</li><li title="a &amp; &#39;b&#39;">a &amp; &#39;b&#39;</li></ul>',
        );
    });
});

describe("a page", () => {
    test("says first what is wrong, in words, and what to do", async () => {
        const page = reportPage(await recorded("before"));
        expect(textOf(page, "main h1")).toBe("Large packets vanish on the way");
        expect(textOf(page, "main .todo li")).toContain("Clamp TCP's MSS for IPv4 to 1340");
        expect(textOf(page, "title")).toContain("pmtu-black-hole");
    });

    test("against before says that it is fixed, and what was", async () => {
        const page = reportPage(await recorded("after"), await recorded("before"));
        expect(textOf(page, "main h1")).toBe("Fixed: the way out is clear");
        expect(textOf(page, ".was")).toContain("Large packets vanish on the way");
        expect(textOf(page, ".numbers")).toContain("360 of 360before 93 of 165");
    });

    test("says that a fault is new, and that one is still there", async () => {
        const [before, after] = [await recorded("before"), await recorded("after")];
        expect(textOf(reportPage(before, after), "main h1")).toBe("New fault: Large packets vanish on the way");
        expect(textOf(reportPage(before, before), "main h1")).toBe("Still: Large packets vanish on the way");
    });

    test("is not green when a host could not be probed", () => {
        const page = reportPage(runWith(undefined, { unprobed: [{ vantagePoint: "cp1", reason: "no answer." }] }));
        expect(parseHTML(page).document.querySelector(".verdict")!.className).toBe("verdict unsure");
        expect(textOf(page, ".notes")).toContain("cp1 was not probed. no answer.");
    });

    test("stands on its own: nothing to load, nothing to run", async () => {
        const page = reportPage(await recorded("after"), await recorded("before"));
        const { document } = parseHTML(page);
        expect(document.querySelectorAll("script, iframe, object, img, link:not([rel=icon])").length).toBe(0);
        expect(page.replaceAll("http://www.w3.org/", "")).not.toMatch(/(src|href)="(?!data:,)|url\(|@import/);
    });

    test("is made of runs without a single connection, path MTU or pull", () => {
        const page = reportPage(
            runWith([gateway({ pulls: [], pathMtu: { ipv4: null, ipv6: null } })]),
            runWith([node("cp1")]),
        );
        expect(textOf(page, "main h1")).toBe("The way out is clear");
    });
});
