import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deploy } from "../../../../cli/deploy/deploy.ts";

let directory: string;
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-cli-"));
    await mkdir(join(directory, "bin"));
    await mkdir(join(directory, "tmp"));
    vi.stubEnv("TMPDIR", join(directory, "tmp"));
    await writeFile(
        join(directory, "Pulumi.yaml"),
        "name: p\nruntime: { name: nodejs, options: { typescript: false } }\n",
    );
});
afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true, force: true });
});

const step = (name: string) => ({
    op: "create",
    urn: `urn:pulumi:dev::p::clearpath:host:File::${name}`,
    type: "clearpath:host:File",
    old: null,
    new: { custom: true, inputs: {} },
});
const done = (name: string) => JSON.stringify({ timestamp: 1, resOutputsEvent: { metadata: step(name) } });
const SUMMARY = JSON.stringify({ summaryEvent: {} });

/** A Pulumi CLI that writes these lines to its event log, one after the other, and ends with an exit code. */
async function pulumiThatLogs(lines: string[], code = 0): Promise<void> {
    await writeFile(join(directory, "log"), lines.map(line => `${line}\n`).join(""));
    const file = join(directory, "bin", "pulumi");
    await writeFile(
        file,
        `#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --event-log ] && log=$2; shift; done
[ -n "$log" ] || exit 0
echo "$log" >'${directory}/where'
while IFS= read -r line; do printf '%s\\n' "$line" >>"$log"; sleep 0.15; done <'${directory}/log'
exit ${code}
`,
    );
    await chmod(file, 0o755);
}

function preview(onEvent?: () => void) {
    const env = { ...process.env, PATH: `${join(directory, "bin")}${delimiter}${process.env.PATH}` };
    const stateDir = join(directory, "state");
    const place = { stack: "dev", cwd: directory, stateDir, env };
    return deploy({ operation: "preview", engine: "pulumi", policyPacks: [], onEvent, ...place });
}

/** Directories of event logs that are left: the log has secrets in clear. */
const leftLogs = () => readdir(join(directory, "tmp"));

test.each([
    ["no JSON", '{"diagnosticEvent": {"message": "hunter2'],
    ["no object", '"hunter2"'],
    ["an event without its parts", '{"resOutputsEvent": {"secret": "hunter2"}}'],
])("a line of the event log that is %s is counted, not shown, and what follows is read", async (_, line) => {
    await pulumiThatLogs([done("a"), line, done("b"), SUMMARY]);

    const result = await preview();

    expect(result).toMatchObject({ ok: true, changes: 2 });
    expect(result.diagnostics).toEqual([
        { severity: "warning", message: expect.stringContaining("1 line of the Pulumi CLI's event log") },
    ]);
    expect(JSON.stringify(result)).not.toContain("hunter2");
    expect(await leftLogs()).toEqual([]);
});

test("the event log is removed when the Pulumi CLI fails before its end", async () => {
    await pulumiThatLogs([done("a")], 255);

    await expect(preview()).rejects.toThrow("pulumi preview could not run");
    expect(await readFile(join(directory, "where"), "utf8")).toContain(join(directory, "tmp"));
    expect(await leftLogs()).toEqual([]);
});

test("the event log is removed when what listens to the run fails, and the run tells of it", async () => {
    await pulumiThatLogs([done("a"), done("b"), SUMMARY]);
    let heard = 0;
    const failing = preview(() => {
        if (++heard > 1) throw new Error("the terminal is gone");
    });

    await expect(failing).rejects.toThrow("the terminal is gone");
    expect(await leftLogs()).toEqual([]);
});
