import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "../../../../cli/root.ts";

interface Step {
    uses?: string;
    run?: string;
    with?: Record<string, unknown>;
}
interface Workflow {
    permissions?: Record<string, string>;
    jobs: Record<string, { permissions?: Record<string, string>; steps: Step[]; "timeout-minutes"?: unknown }>;
}

const GITHUB = join(repositoryRoot, ".github");
const read = (path: string) => readFileSync(join(GITHUB, path), "utf8");
const actions = readdirSync(join(GITHUB, "actions")).map(name => `actions/${name}/action.yml`);

/** What a job of each of our workflows may do, and no more. */
const MAY: Record<string, Record<string, string>> = {
    "workflows/clearpath-preview.yml": { contents: "read", "pull-requests": "write" },
    "workflows/clearpath-rebuild.yml": { contents: "read" },
};

describe.each(Object.keys(MAY))("%s", file => {
    const workflow = parse(read(file)) as Workflow;
    const jobs = Object.values(workflow.jobs);
    const steps = jobs.flatMap(job => job.steps);

    test("runs only actions of its own repository, or of one commit that cannot be moved", () => {
        const used = [...read(file).matchAll(/^\s*(?:- )?uses: (\S+)(.*)$/gm)].filter(
            ([line]) => !line.includes("OWNER"),
        );
        expect(used.length).toBeGreaterThan(0);
        for (const [, action, comment] of used) {
            if (action!.startsWith("./")) continue;
            expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/);
            expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
        }
    });

    test("leaves no token behind for the steps after a checkout, and ends by itself", () => {
        const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
        for (const step of checkouts) expect(step.with?.["persist-credentials"]).toBe(false);
        for (const job of jobs) expect(job["timeout-minutes"]).toBeDefined();
    });

    test("puts nothing that somebody else wrote into a script", () => {
        for (const { run = "" } of steps) expect(run).not.toContain("${{");
    });
});

test.each(Object.entries(MAY))("%s may do %j and nothing else", (file, may) => {
    const workflow = parse(read(file)) as Workflow;

    expect(workflow.permissions).toEqual({});
    for (const { permissions } of Object.values(workflow.jobs)) expect(permissions).toEqual(may);
});

test.each(actions)("%s hands its inputs to its script as variables only", file => {
    const { inputs, runs } = parse(read(file)) as {
        inputs: object;
        runs: { steps: (Step & { env: Record<string, string> })[] };
    };
    const [step] = runs.steps;

    expect(step!.run).not.toContain("${{");
    const handed = Object.values(step!.env).map(value => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1]);
    expect(handed.toSorted()).toEqual(Object.keys(inputs).toSorted());
});
