import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportPage } from "../../cli/evidence/report/page.ts";
import { connections, recorded, runWith } from "../unit/cli/evidence/runs.ts";
import { endpoint, gateway, node } from "../unit/network/verdict/reports.ts";
import { type Browser, startChromium } from "./chromium.ts";

const PHONE = { width: 360, height: 780 };
const DESK = { width: 1280, height: 900 };

let browser: Browser;
let directory: string;
let page: Page;
/** What the page asked for beyond itself, and what the console said. */
let requests: string[];
let complaints: string[];

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-pages-"));
    browser = await startChromium();
    await browser.context.addInitScript({ path: `${import.meta.dirname}/inPage.js` });
    page = await browser.context.newPage();
    page.on("request", request => requests.push(request.url()));
    page.on("console", message => complaints.push(message.text()));
    page.on("pageerror", error => complaints.push(String(error)));
});
afterAll(async () => {
    await browser?.close();
    await rm(directory, { recursive: true, force: true });
});

async function show(html: string, size = DESK, colorScheme: "light" | "dark" = "light"): Promise<void> {
    const file = join(directory, "report.html");
    await writeFile(file, html);
    requests = [];
    complaints = [];
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, media: "screen" });
    await page.goto(`file://${file}`);
}

/** Asks a function of inPage.js. */
function inPage<T>(name: string): Promise<T> {
    return page.evaluate<T>(`inPage.${name}()`);
}

describe("the report of a black hole that was fixed", () => {
    let html: string;

    beforeAll(async () => {
        html = reportPage(await recorded("after"), await recorded("before"));
    });

    test("shows the verdict at once, on a phone too", async () => {
        await show(html, PHONE);
        const heading = page.getByRole("heading", { level: 1 });
        expect(await heading.textContent()).toBe("Fixed: the way out is clear");
        const { y, height } = (await heading.boundingBox())!;
        expect(y + height).toBeLessThan(PHONE.height / 2);
        expect(await page.getByText("Packets larger than 1380 bytes").first().isVisible()).toBe(true);
    });

    test("asks for nothing and complains of nothing", async () => {
        await show(html);
        expect(requests.filter(url => url !== "data:,")).toEqual([page.url()]);
        expect(complaints).toEqual([]);
    });

    test("has every section, each with its heading", async () => {
        await show(html);
        const names = await page.getByRole("heading", { level: 2 }).allTextContents();
        expect(names).toEqual([
            "Who reaches what",
            "How long it took",
            "Failures over time",
            "What each path carries",
            "What changed",
            "What the verdict rests on",
        ]);
    });

    test("maps endpoint by vantage point, with before, as a table that can be read out", async () => {
        for (const size of [DESK, PHONE]) {
            await show(html, size);
            const map = page.getByRole("table", { name: "Connections that came through" });
            expect(await map.getByRole("columnheader").allTextContents()).toEqual(["", "pve", "cp1", "worker1"]);
            const row = map.getByRole("row", { name: "quay.io" });
            expect(await row.getByRole("cell").nth(2).textContent()).toMatch(/100 % 22 of 22.*before 36 %/);
        }
    });

    test("draws each chart once for the screen's width, with a summary for those who do not see it", async () => {
        for (const size of [DESK, PHONE]) {
            await show(html, size);
            const charts = page.getByRole("img");
            const labels = await charts.evaluateAll(all => all.map(chart => chart.getAttribute("aria-label")));
            expect(labels).toEqual([
                expect.stringContaining("TLS handshake before: median"),
                "Before: 72 of 165 connections failed or were late.",
                "After: 0 of 360 connections failed or were late.",
                expect.stringContaining("12 of them with larger packets vanishing"),
            ]);
        }
    });

    test.each([
        ["a phone", PHONE],
        ["a desk", DESK],
    ])("fits %s without scrolling sideways, with everything opened", async (_, size) => {
        await show(html, size);
        await inPage("openDetails");
        expect(await inPage("width")).toBe(size.width);
        expect(await inPage("sticksOut")).toEqual([]);
    });

    test.each(["light", "dark"] as const)("can be read in %s: no text is faint", async scheme => {
        for (const size of [DESK, PHONE]) {
            await show(html, size, scheme);
            await inPage("openDetails");
            expect(await inPage("faintTexts")).toEqual([]);
            expect(await inPage("texts")).toBeGreaterThan(100);
        }
    });

    test("is dark where the reader's screen is, and its pictures differ", async () => {
        const shots = [];
        for (const scheme of ["light", "dark"] as const) {
            await show(html, PHONE, scheme);
            shots.push(await page.screenshot());
        }
        expect(shots[0]!.equals(shots[1]!)).toBe(false);
        expect(Math.max(...(await inPage<number[]>("background")))).toBeLessThan(40);
    });

    test("is printed with everything that is folded on the screen", async () => {
        await show(html);
        const folded = page.getByText("Times by vantage point").locator("xpath=..").locator("table");
        expect(await folded.isVisible()).toBe(false);
        await page.emulateMedia({ media: "print" });
        expect(await folded.isVisible()).toBe(true);
        expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
    });
});

describe("the report of a fault", () => {
    test("says on a phone's first screens what is wrong and what to do", async () => {
        await show(reportPage(await recorded("before")), PHONE, "dark");
        expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Large packets vanish on the way");
        const todo = page.getByRole("heading", { name: "What to do" });
        expect((await todo.boundingBox())!.y).toBeLessThan(PHONE.height);
        expect(await inPage("faintTexts")).toEqual([]);
    });
});

describe("evidence from someone else", () => {
    const EVIL = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>&amp;'`;

    test("cannot put anything into the page but text", async () => {
        const bad = gateway({ vantagePoint: EVIL, endpoints: [endpoint(EVIL)], stability: "unstable" });
        bad.samples = connections(EVIL, 20, 7).map(sample => ({ ...sample, message: EVIL }));
        bad.pulls = [{ image: EVIL, attempts: 1, succeeded: 0, seconds: null, via: "ctr", error: EVIL }];
        const run = runWith([bad], { notes: [EVIL], unprobed: [{ vantagePoint: EVIL, reason: EVIL }] });
        run.verdict = { ...run.verdict, summary: EVIL, advisories: [EVIL] };
        await show(reportPage(run, run));
        expect(await page.title()).toMatch(/^Clearpath: /);
        expect(await page.locator("script, img").count()).toBe(0);
        expect(await page.locator("svg text").filter({ hasText: "<script>" }).count()).toBeGreaterThan(0);
        expect(complaints).toEqual([]);
    });
});

test("ten hosts with long names fit a phone", async () => {
    const hosts = Array.from({ length: 10 }, (_, index) =>
        node(`worker-with-a-rather-long-name-${index}.cluster.example`),
    );
    for (const host of hosts) host.samples = connections("ghcr.io", 30, 3);
    const run = runWith(hosts);
    for (const size of [PHONE, DESK]) {
        await show(reportPage(run, run), size);
        expect(await inPage("width")).toBe(size.width);
    }
});
