import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { enrolHostKeys, keyPlaceOf } from "../../../../cli/rebuild/enrol.ts";
import { withHostKeys } from "../../../../cli/rebuild/knownHosts.ts";
import { knownKeys } from "../../../../provider/host/hostKey.ts";

const NEW = { type: "ssh-ed25519", base64: "AAAAnew" };
const line = (names: string, key = "AAAAold") => `${names} ssh-ed25519 ${key}`;

describe("known_hosts", () => {
    test.each([
        ["an empty file", "", 22, `${line("10.0.0.1", "AAAAnew")}\n`],
        ["a line of its own", `${line("10.0.0.1")}\n`, 22, `${line("10.0.0.1", "AAAAnew")}\n`],
        ["a shared line", line("web,10.0.0.1"), 22, `${line("web")}\n${line("10.0.0.1", "AAAAnew")}\n`],
        ["another port", line("10.0.0.1"), 2222, `${line("10.0.0.1")}\n${line("[10.0.0.1]:2222", "AAAAnew")}\n`],
        [
            "comments, markers and patterns",
            `# mine\n${line("@revoked 10.0.0.1")}\n${line("10.0.0.*")}\n`,
            22,
            `# mine\n${line("@revoked 10.0.0.1")}\n${line("10.0.0.*")}\n${line("10.0.0.1", "AAAAnew")}\n`,
        ],
    ])("%s: the new key takes the old one's place", (_, before, port, after) => {
        expect(withHostKeys(before, "10.0.0.1", port, [NEW])).toBe(after);
    });

    test("names that ssh-keygen hashed are found", async () => {
        const directory = await mkdtemp(join(tmpdir(), "hashed-"));
        const file = join(directory, "known_hosts");
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "key")]);
        const key = (await readFile(join(directory, "key.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
        await writeFile(file, `10.0.0.1 ${key}\nother ${key}\n`);
        execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
        const hashed = await readFile(file, "utf8");
        await rm(directory, { recursive: true });

        const after = withHostKeys(hashed, "10.0.0.1", 22, [NEW]);
        expect(knownKeys(after, "10.0.0.1", 22)).toEqual([NEW]);
        expect(knownKeys(after, "other", 22)).toHaveLength(1);
    });

    test("whatever the file holds, afterwards the host has its new key and nobody else lost one", () => {
        const names = fc.constantFrom("10.0.0.1", "cp1", "cp1,10.0.0.1", "web", "10.0.0.1,web,cp1", "#x", "");
        const key = fc.stringMatching(/^[A-Za-z0-9]{4,8}$/);
        fc.assert(
            fc.property(fc.array(fc.tuple(names, key), { maxLength: 8 }), lines => {
                const before = lines.map(([name, base64]) => line(name, base64)).join("\n");
                const after = withHostKeys(before, "10.0.0.1", 22, [NEW]);
                expect(knownKeys(after, "10.0.0.1", 22)).toEqual([NEW]);
                for (const other of ["cp1", "web"])
                    expect(knownKeys(after, other, 22)).toEqual(knownKeys(before, other, 22));
            }),
        );
    });
});

describe("enrolling", () => {
    let directory: string;
    beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), "enrol-"));
    });
    afterEach(() => rm(directory, { recursive: true, force: true }));

    test("a key of the configuration is replaced, and comments and everything else stay", async () => {
        const file = join(directory, "Pulumi.dev.yaml");
        await writeFile(
            file,
            "# about\nconfig:\n  clearpath:nodes:\n    # first\n    - name: cp1\n      connection: { host: a, hostKey: ssh-ed25519 AAAAold }\n    - name: worker1\n      connection: { host: b, hostKey: ssh-ed25519 AAAAkeep }\n",
        );
        await chmod(file, 0o640);

        await enrolHostKeys({ name: "cp1", connection: { host: "a", hostKey: "ssh-ed25519 AAAAold" } }, [NEW], file);

        const text = await readFile(file, "utf8");
        expect(text).toContain("# about");
        expect(text).toContain("# first");
        expect(parse(text).config["clearpath:nodes"]).toEqual([
            { name: "cp1", connection: { host: "a", hostKey: "ssh-ed25519 AAAAnew" } },
            { name: "worker1", connection: { host: "b", hostKey: "ssh-ed25519 AAAAkeep" } },
        ]);
        expect((await stat(file)).mode & 0o777).toBe(0o640);
    });

    test("a key that stands elsewhere than at its node is not guessed at", async () => {
        const file = join(directory, "Pulumi.dev.yaml");
        await writeFile(file, "config:\n  clearpath:ssh: { hostKey: ssh-ed25519 AAAAold }\n");
        const host = { name: "cp1", connection: { host: "a", hostKey: "ssh-ed25519 AAAAold" } };

        await expect(enrolHostKeys(host, [NEW], file)).rejects.toThrow(/no nodes\[\].connection.hostKey of cp1/);
    });

    test("a known_hosts file that is not there is made for its owner alone", async () => {
        const path = join(directory, "known_hosts");
        await enrolHostKeys({ name: "cp1", connection: { host: "a", knownHostsPath: path } }, [NEW], "unused");

        expect(await readFile(path, "utf8")).toBe("a ssh-ed25519 AAAAnew\n");
        expect((await stat(path)).mode & 0o777).toBe(0o600);
    });

    test.each([
        [{ host: "a", hostKey: "k", hostKeyCommand: "c" }, { kind: "configuration" }],
        [{ host: "a", hostKeyCommand: "c", knownHostsPath: "/k" }, { kind: "command" }],
        [
            { host: "a", knownHostsPath: "/k" },
            { kind: "known_hosts", path: "/k" },
        ],
    ] as const)("%j looks in %j", (connection, place) => {
        expect(keyPlaceOf(connection)).toEqual(place);
    });
});
