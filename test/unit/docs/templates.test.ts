import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "../../../cli/root.ts";

interface Question {
    type: string;
    id?: string;
    attributes: { label?: string; description?: string };
    validations?: { required?: boolean };
}

const read = (file: string) => parse(readFileSync(join(repositoryRoot, file), "utf8"));
const forms = globSync(".github/ISSUE_TEMPLATE/*.yml", { cwd: repositoryRoot }).filter(
    file => !file.endsWith("config.yml"),
);

describe.each(forms)("the form %s", file => {
    const form = read(file) as { name: string; description: string; body: Question[] };

    test("has a name, a description and questions with labels of their own", () => {
        expect(form.name).toBeTruthy();
        expect(form.description).toBeTruthy();
        const questions = form.body.filter(({ type }) => type !== "markdown");
        expect(new Set(questions.map(({ attributes }) => attributes.label)).size).toBe(questions.length);
        expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
    });
});

test("whoever reports a network is asked for the result of the probe and for its evidence file", () => {
    const { body } = read(".github/ISSUE_TEMPLATE/network.yml") as { body: Question[] };
    const required = body.filter(({ validations }) => validations?.required).map(question => JSON.stringify(question));
    expect(required.some(question => question.includes("clearpath probe") && question.includes("--json"))).toBe(true);
    expect(required.some(question => question.includes("evidence.json.gz"))).toBe(true);
});

test("the dependency bot looks after everything that the repository pins", () => {
    const { updates } = read(".github/dependabot.yml") as { updates: { "package-ecosystem": string }[] };
    expect(updates.map(update => update["package-ecosystem"]).toSorted()).toEqual([
        "devcontainers",
        "docker",
        "github-actions",
        "npm",
    ]);
});
