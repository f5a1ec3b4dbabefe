import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { rebuildMarkdown } from "../../../../cli/rebuild/report/markdown.ts";
import { rebuildPage } from "../../../../cli/rebuild/report/page.ts";
import { stages } from "../../../../cli/rebuild/stages/index.ts";
import {
    type Attempt,
    newState,
    type Outcome,
    type RebuildState,
    STAGES,
    stageOf,
} from "../../../../cli/rebuild/state.ts";

const attempt = (outcome: Outcome, summary: string, notes: string[] = []): Attempt => ({
    startedAt: "2026-01-31T12:00:00Z",
    endedAt: "2026-01-31T12:00:30Z",
    outcome,
    summary,
    notes,
});

/** A rebuild that came as far as `last`, which ended so. */
function stateAt(last: (typeof STAGES)[number], ended: Attempt): RebuildState {
    const state = newState("dev", { file: "/x", digest: "" }, new Date("2026-01-31T12:00:00Z"));
    for (const name of STAGES.slice(0, STAGES.indexOf(last)))
        stageOf(state, name).attempts.push(attempt("done", "It did."));
    stageOf(state, last).attempts.push(ended);
    return state;
}

const mitigations = [
    { name: "pull-retries", title: "Retries", answer: "can-go" as const, because: "240 of 240 came." },
    { name: "mirror", title: "A mirror", answer: "keep" as const, because: "It was flaky." },
];

const page = (state: RebuildState) => parseHTML(rebuildPage(state, stages, mitigations)).document;

describe("the page of a rebuild", () => {
    test("that is over says so, and leads to everything that was kept", () => {
        const state = stateAt("gates", attempt("skipped", "No kubeconfig."));
        stageOf(state, "network").kept.push({ title: "what up did", file: "02-network.json" });
        const document = page(state);

        expect(document.querySelector("h1")!.textContent).toBe("The cluster is rebuilt, and the probes confirm it");
        expect([...document.querySelectorAll("a")].map(link => link.getAttribute("href"))).toEqual(["02-network.json"]);
        expect(document.querySelectorAll("section:has(#stages) tbody tr")).toHaveLength(STAGES.length);
        expect(document.body.textContent).toContain("Nothing had to be tried twice");
    });

    test("that stopped shows where, why, and what it was told", () => {
        const notes = ["It last said:\n<script>alert(1)</script>"];
        const document = page(stateAt("rebuild", attempt("failed", "The command ended with 7 after 30 s.", notes)));

        expect(document.querySelector("h1")!.textContent).toBe("Stopped: build the new VMs: your command failed");
        expect(document.querySelector(".verdict .summary")!.textContent).toBe("The command ended with 7 after 30 s.");
        expect(document.querySelector("section:has(#diagnosis)")!.textContent).toContain("<script>alert(1)</script>");
        expect(document.querySelectorAll("script")).toHaveLength(0);
    });

    test("counts what was tried again, by whom and why", () => {
        const state = stateAt("hosts", attempt("done", "Both answer."));
        stageOf(state, "rebuild").attempts.unshift(attempt("interrupted", "The process ended."));
        stageOf(state, "hosts").retries.push({ what: "connecting to cp1", count: 3, why: "refused" });
        const lines = [...page(state).querySelectorAll("section:has(#retries) li")].map(item => item.textContent);

        expect(lines).toEqual([
            "Stage rebuild took 2 attempts: interrupted (The process ended.) done (It did.)",
            "connecting to cp1: 3 more tries, refused",
        ]);
    });

    test("says which workarounds can go", () => {
        const rows = [
            ...page(stateAt("gates", attempt("done", ""))).querySelectorAll("section:has(#mitigations) tbody tr"),
        ];

        expect(rows.map(row => row.querySelector("td")!.textContent)).toEqual(["can go", "keep"]);
    });
});

test("the Markdown says the same, and a note cannot end its fence", () => {
    const state = stateAt("bootstrap", attempt("failed", "It ended with 1.", ["```\n# not a heading"]));
    const text = rebuildMarkdown(state, stages, mitigations);

    expect(text).toMatch(/^### ❌ Stopped: start K3s/);
    expect(text).toContain("````text\n```\n# not a heading\n````");
    expect(text).toContain("| can go | Retries | 240 of 240 came. |");
    expect(text.match(/✅/g)).toHaveLength(STAGES.indexOf("bootstrap"));
});
