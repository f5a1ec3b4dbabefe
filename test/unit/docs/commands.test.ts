import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { collectCommand } from "../../../cli/cluster/collectCommand.ts";
import { diagnoseCommand } from "../../../cli/cluster/diagnoseCommand.ts";
import { imagesCommand } from "../../../cli/cluster/imagesCommand.ts";
import { lintCommand } from "../../../cli/cluster/lintCommand.ts";
import { secretsCommand } from "../../../cli/cluster/secretsCommand.ts";
import { deployCommand } from "../../../cli/deploy/deployCommand.ts";
import { compareCommand } from "../../../cli/evidence/compareCommand.ts";
import { reportCommand } from "../../../cli/evidence/reportCommand.ts";
import { probeCommand } from "../../../cli/probe/probeCommand.ts";
import { commentCommand } from "../../../cli/pullRequest/commentCommand.ts";
import { rebuildCommand } from "../../../cli/rebuild/rebuildCommand.ts";
import { registriesCommand } from "../../../cli/registries/registriesCommand.ts";
import { repositoryRoot } from "../../../cli/root.ts";
import { addLabCommands } from "../../../lab/commands.ts";
import { markdownPages } from "./pages.ts";

const program = new Command("clearpath").version("0.0.0");
for (const add of [
    collectCommand,
    commentCommand,
    compareCommand,
    deployCommand,
    diagnoseCommand,
    imagesCommand,
    lintCommand,
    probeCommand,
    rebuildCommand,
    registriesCommand,
    reportCommand,
    secretsCommand,
])
    add(program);
addLabCommands(program.command("lab"));

const scripts = Object.keys(JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")).scripts);

/** Code of a page, a line or a span each. A comment in a shell block is left out, and a line that goes on is joined. */
function codeOf(markdown: string): string[] {
    const joined = markdown.replaceAll(/\\\n\s*/g, " ");
    const blocks = [...joined.matchAll(/^ *```.*\n([\s\S]*?)^ *```/gm)].flatMap(([, block]) => block!.split("\n"));
    const spans = [...joined.replaceAll(/^ *```[\s\S]*?^ *```/gm, "").matchAll(/`([^`]+)`/g)].map(([, span]) => span!);
    return [...blocks, ...spans].map(code => code.replace(/(^|\s)# .*$/, "").trim());
}

/** What is wrong with the commands in a page: a sentence for each that does not exist, or lacks an option. */
function wrongCommands(markdown: string): string[] {
    return codeOf(markdown).flatMap(code => [...wrongCalls(code), ...wrongScripts(code)]);
}

function wrongCalls(code: string): string[] {
    const call = /^(?:\$ |- run: )?(?:npx )?clearpath ([a-z].*)$/.exec(code)?.[1]?.split(/ -- | [|>]/)[0];
    if (call === undefined) return [];
    const words = call.split(/\s+/);
    let command = program;
    for (const word of words) {
        const next = command.commands.find(candidate => candidate.name() === word);
        if (next === undefined) break;
        command = next;
    }
    if (command === program) return [`There is no command "clearpath ${words[0]}".`];
    const options = new Set([...command.options.flatMap(({ long, short }) => [long, short]), "--help"]);
    const given = [...call.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([option]) => option);
    return given
        .filter(option => !options.has(option))
        .map(option => `"clearpath ${command.name()}" has no option ${option}.`);
}

function wrongScripts(code: string): string[] {
    const script = /^npm run (?:--silent )?([\w:-]+)/.exec(code)?.[1];
    return script === undefined || scripts.includes(script) ? [] : [`package.json has no script "${script}".`];
}

test.each(markdownPages())("%s names only commands, options and scripts that exist", page => {
    expect(wrongCommands(readFileSync(join(repositoryRoot, page), "utf8"))).toEqual([]);
});

describe("the search for commands", () => {
    test("finds those that do not exist, in blocks and in the text", () => {
        const page =
            "`clearpath prob` and `npm run tests`\n\n```sh\nnpx clearpath up --stack dev --forse   # --no-comment\n```\n";
        expect(wrongCommands(page)).toEqual([
            '"clearpath up" has no option --forse.',
            'There is no command "clearpath prob".',
            'package.json has no script "tests".',
        ]);
    });

    test("follows commands of commands, and leaves alone what a shell passes on", () => {
        expect(
            wrongCommands(
                "```\nnpx clearpath lab exec cp1 -- curl --max-time 10\nclearpath registries check FILE --json\n```",
            ),
        ).toEqual([]);
    });
});
