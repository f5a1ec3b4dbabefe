import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CouldNotRun, EXIT } from "../../../../cli/exit.ts";
import { registriesCommand } from "../../../../cli/registries/registriesCommand.ts";

const GOOD = "mirrors:\n  docker.io:\n    endpoint:\n      - https://cache.lan:5000\n";
const RISKY = GOOD.replace("https", "http");

let directory: string;

beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "clearpath-registries-"));
});

afterEach(() => {
    rmSync(directory, { recursive: true });
    vi.restoreAllMocks();
    process.exitCode = undefined;
});

function fileWith(text: string): string {
    const file = join(directory, "registries.yaml");
    writeFileSync(file, text);
    return file;
}

/** Runs `clearpath registries ARGS…` and returns its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: unknown; printed: string }> {
    let printed = "";
    vi.spyOn(process.stdout, "write").mockImplementation(chunk => {
        printed += chunk;
        return true;
    });
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    registriesCommand(program);
    await program.parseAsync(["registries", ...args], { from: "user" });
    return { code: process.exitCode ?? EXIT.ok, printed };
}

describe("registries render", () => {
    test("writes the tree with the modes K3s gives it", async () => {
        const out = join(directory, "certs.d");

        const { code, printed } = await run("render", fileWith(GOOD), "--out", out);

        expect(code).toBe(EXIT.ok);
        expect(printed).toBe(`${join(out, "docker.io/hosts.toml")}\n`);
        expect(readFileSync(join(out, "docker.io/hosts.toml"), "utf8")).toContain('[host."https://cache.lan:5000/v2"]');
        expect(statSync(join(out, "docker.io")).mode & 0o777).toBe(0o700);
        expect(statSync(join(out, "docker.io/hosts.toml")).mode & 0o777).toBe(0o644);
    });

    test("takes the node's flags", async () => {
        const flags = ["--embedded-registry", "--disable-default-registry-endpoint", "--data-dir", "/srv/k3s"];

        const { printed } = await run("render", fileWith(GOOD), "--out", join(directory, "o"), ...flags, "--json");

        const { files } = JSON.parse(printed);
        expect(files.map((file: { path: string }) => file.path)).toEqual([
            "127.0.0.1:6443/hosts.toml",
            "docker.io/hosts.toml",
        ]);
        expect(files[1].content).toContain('ca = ["/srv/k3s/agent/server-ca.crt"]');
        expect(files[1].content).not.toContain("server =");
    });

    test("takes the node's release", async () => {
        const flags = ["--k3s-version", "v1.29.3+k3s1", "--json"];

        const { printed } = await run("render", fileWith(GOOD), "--out", join(directory, "o"), ...flags);

        expect(JSON.parse(printed).files[0].content).not.toContain("[host]\n");
    });

    test.each([
        ["a file that cannot be read as one", "mirrors: []", "1:1 mirrors: it must be a map"],
        ["what K3s would do by chance", 'mirrors: {"*": {}, _default: {}}', "picks one by chance"],
    ])("finds %s and writes nothing", async (_, text, said) => {
        const out = join(directory, "certs.d");

        const { code, printed } = await run("render", fileWith(text), "--out", out);

        expect(code).toBe(EXIT.foundSomething);
        expect(printed).toContain(said);
        expect(readdirSync(directory)).toEqual(["registries.yaml"]);
    });

    test("does not write into a directory with something in it", async () => {
        await expect(run("render", fileWith(GOOD), "--out", directory)).rejects.toThrow(CouldNotRun);
        expect(readdirSync(directory)).toEqual(["registries.yaml"]);
    });

    test("names the key that it cannot render", async () => {
        const text = "mirrors:\n  docker.io:\n    endpoint:\n      - https://u:hush@a.lan\n";

        const { printed } = await run("render", fileWith(text), "--json");

        expect(JSON.parse(printed).problems).toMatchObject([
            { line: 4, column: 9, path: 'mirrors["docker.io"].endpoint[0]' },
        ]);
        expect(printed).not.toContain("hush");
    });

    test("wants an output directory or JSON", async () => {
        await expect(run("render", fileWith(GOOD))).rejects.toThrow(CommanderError);
    });

    test("prints several files as one list, and writes nothing", async () => {
        const file = fileWith(GOOD);

        const { code, printed } = await run("render", file, file, "--json");

        expect(JSON.parse(printed)).toMatchObject([{ files: [{ path: "docker.io/hosts.toml" }] }, { problems: [] }]);
        expect(code).toBe(EXIT.ok);
        await expect(run("render", file, file, "--out", join(directory, "o"))).rejects.toThrow(CommanderError);
        expect(readdirSync(directory)).toEqual(["registries.yaml"]);
    });

    test("renders what K3s ignores a part of", async () => {
        const { code, printed } = await run("render", fileWith(`auths: {}\nMirrors: {}\n${GOOD}`), "--json");

        expect(code).toBe(EXIT.ok);
        expect(JSON.parse(printed).files).toMatchObject([{ path: "docker.io/hosts.toml" }]);
    });
});

describe("registries check", () => {
    test("is content with a good file", async () => {
        const file = fileWith(GOOD);

        expect(await run("check", file)).toEqual({ code: EXIT.ok, printed: `Nothing is wrong with ${file}.\n` });
    });

    test("prints findings as places in the file", async () => {
        const file = fileWith(RISKY);

        const { code, printed } = await run("check", file);

        expect(code).toBe(EXIT.foundSomething);
        expect(printed).toContain(`${file}:4:9 warning endpoint-plain-http: mirrors["docker.io"].endpoint[0]: `);
    });

    test("prints findings as JSON", async () => {
        const { printed } = await run("check", fileWith(RISKY), "--k3s-version", "1.32.2", "--json");

        expect(JSON.parse(printed)).toMatchObject({
            k3sVersion: "v1.32.2",
            findings: [{ rule: "endpoint-plain-http", severity: "warning", line: 4, column: 9 }],
        });
    });

    test("does not fail for what is only good to know", async () => {
        const { code, printed } = await run("check", fileWith(GOOD.replace("https://", "")));

        expect(printed).toContain("info endpoint-scheme");
        expect(code).toBe(EXIT.ok);
    });

    test("cannot run without the file", async () => {
        await expect(run("check", join(directory, "none.yaml"))).rejects.toThrow(/none\.yaml cannot be read/);
    });

    test("takes several files, and fails for any of them", async () => {
        const good = join(directory, "good.yaml");
        writeFileSync(good, GOOD);
        const risky = fileWith(RISKY);

        const { code, printed } = await run("check", good, risky);

        expect(code).toBe(EXIT.foundSomething);
        expect(printed).toMatch(/^Nothing is wrong with .*good\.yaml\.\n.*registries\.yaml:4:9 warning/);
        expect(JSON.parse((await run("check", good, risky, "--json")).printed)).toMatchObject([
            { file: good, findings: [] },
            { file: risky, findings: [{ rule: "endpoint-plain-http" }] },
        ]);
    });

    test("reads a file that is no UTF-8 as bytes", async () => {
        const file = join(directory, "latin1.yaml");
        writeFileSync(file, Buffer.from(`# caf\xe9\n${GOOD}`, "latin1"));

        expect((await run("check", file)).printed).toContain("1:6 error unreadable: the file is not UTF-8");
    });

    test("takes the node's flags", async () => {
        const file = fileWith("mirrors:\n  ghcr.io:\n");

        expect((await run("check", file)).printed).toContain("mirror-without-endpoint");
        expect((await run("check", file, "--embedded-registry")).printed).toContain("Nothing is wrong");
    });

    test("takes a minor for its last patch", async () => {
        const { printed } = await run("check", fileWith(GOOD), "--k3s-version", "v1.30", "--json");

        expect(JSON.parse(printed).k3sVersion).toBe("v1.30.14");
    });

    test("says that a release does not exist, or is not known", async () => {
        await expect(run("check", fileWith(GOOD), "--k3s-version", "v1.30.99")).rejects.toThrow(
            /no K3s v1\.30\.99: the last of v1\.30 is v1\.30\.14/,
        );
        let told = "";
        vi.spyOn(process.stderr, "write").mockImplementation(chunk => {
            told += chunk;
            return true;
        });
        await run("check", fileWith(GOOD), "--k3s-version", "v1.99.0");
        expect(told).toMatch(/^Clearpath does not know K3s v1\.99\.0/);
    });

    test("wants a K3s release", async () => {
        await expect(run("check", fileWith(GOOD), "--k3s-version", "latest")).rejects.toThrow(CommanderError);
    });
});
