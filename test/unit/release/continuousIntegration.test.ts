import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Workflow {
    jobs: Record<string, { steps: { run?: string }[] }>;
}

const root = new URL("../../../", import.meta.url);
const workflow = parse(readFileSync(new URL(".github/workflows/ci.yml", root), "utf8")) as Workflow;
const commands = Object.values(workflow.jobs).flatMap(job => job.steps.flatMap(({ run }) => run ?? []));
/** `.ci/run` runs the check and every test, so a job that calls it counts for both. */
const jobsThatRun = (what: RegExp) => commands.filter(command => what.test(command) || command.includes(".ci/run"));

test("continuous integration runs the check once", () => {
    expect(jobsThatRun(/npm run( --silent)? check/)).toHaveLength(1);
});

test("continuous integration runs each test once", () => {
    expect(jobsThatRun(/npm (run )?(--silent )?test/)).toHaveLength(1);
});
