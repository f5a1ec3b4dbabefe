import { expect, test } from "vitest";
import { markdownReport } from "../../../../cli/evidence/markdown.ts";
import { gateway } from "../../network/verdict/reports.ts";
import { recorded, runWith } from "./runs.ts";

/** Cells of each table row: pipes that are escaped belong to a cell. */
function rows(text: string): string[][] {
    const lines = text.split("\n").filter(line => line.startsWith("|"));
    return lines.map(line =>
        line
            .slice(1, -1)
            .split(/(?<!\\)\|/)
            .map(cell => cell.trim()),
    );
}

test("a broken run begins with the cause in words and says what to do", async () => {
    const text = markdownReport(await recorded("before"));
    expect(text.split("\n")[0]).toBe("### ❌ Large packets vanish on the way");
    expect(text).toContain("- Clamp TCP's MSS for IPv4 to 1340");
    expect(rows(text)).toContainEqual(["pull registry.k8s.io/pause:3.10", ...Array(3).fill("0 of 1 (0 %)")]);
});

test("a fixed run says what it was before and what got better, and fits a comment", async () => {
    const text = markdownReport(await recorded("after"), await recorded("before"));
    expect(text.split("\n")[0]).toBe("### ✅ The way out is clear");
    expect(text).toContain("Before it was `pmtu-black-hole`: **0 worse,");
    expect(rows(text)).toContainEqual(["better", "all", "verdict", "pmtu-black-hole, both, host-and-vms", "none", ""]);
    expect(text.length).toBeLessThan(5000);
});

test("names cannot break out of a table, mention people or become markup", () => {
    const text = markdownReport(runWith([gateway({ vantagePoint: "a|b\n@octocat <b> &lt; `x` #1" })]));
    const head = rows(text).find(cells => cells[1]?.startsWith("a"))!;
    expect(head).toHaveLength(2);
    expect(head[1]).toBe("a\\|b @\u200boctocat \\<b\\> &amp;lt; \\`x\\` \\#1");
});

test("a run with an unprobed host is not shown as all good", () => {
    const text = markdownReport(runWith(undefined, { unprobed: [{ vantagePoint: "cp1", reason: "no answer." }] }));
    expect(text.split("\n")[0]).toMatch(/^### ⚠️/);
    expect(text).toContain("cp1 was not probed. no answer.");
});
