import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newOwnership, partsOfOwner, UNFINISHED } from "../../provider/host/owner.ts";
import { stepScript } from "../../provider/host/step.ts";
import { file } from "../../provider/resources/file.ts";

const PROGRAM = new URL("../../provider/resources/file.sh", import.meta.url);
const [owner, group] = [userInfo().username, spawnSync("id", ["-gn"], { encoding: "utf8" }).stdout.trim()];

let directory: string;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "clearpath-properties-"));
});
afterEach(() => {
    rmSync(directory, { recursive: true });
    rmSync(`${directory}.records`, { recursive: true, force: true });
});

/** Runs a step of the File resource on this machine, as a host would. Gives its answers. */
function step(
    verb: "write" | "read" | "remove",
    path: string,
    content: string,
    owner_id = "me",
): Record<string, string> {
    const values = {
        record: join(`${directory}.records`, "record"),
        owner_id,
        expected_machine_id: "",
        our_sha256: "",
        path,
        content,
        mode: "0600",
        owner,
        group,
        adopt: true,
    };
    const input = stepScript({ programs: [PROGRAM], values, call: `${verb}_file` });
    const { status, stdout, stderr } = spawnSync("sh", { input, encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const answers = stdout.trim().split("\n");
    return Object.fromEntries(
        answers
            .map(line => JSON.parse(line))
            .map(({ name, base64 }) => [name, Buffer.from(base64, "base64").toString()]),
    );
}

const hostile = [
    "'",
    '"',
    "`touch owned`",
    "$(touch owned)",
    "\\",
    "\n",
    "\n\n",
    " ",
    "-n",
    "%s",
    "{\n",
    "}\n",
    "EOF\n",
    "ä",
];
const text = fc
    .oneof(
        fc.string({ unit: "binary" }),
        fc.array(fc.constantFrom(...hostile)).map(parts => parts.join("")),
    )
    .filter(some => !some.includes("\0"));
/** One part of a path: anything a file system takes, but for the newline, which is refused. */
const fileName = text
    .map(some => some.replaceAll(/[/\n]/g, "_"))
    .filter(name => name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) < 200)
    // A lone surrogate has no bytes of its own.
    .filter(name => name.isWellFormed());

describe("a file's text and path", () => {
    test("reach the host unchanged, and nothing in them is run", () => {
        fc.assert(
            fc.property(
                fileName,
                text.filter(some => some.isWellFormed()),
                (name, content) => {
                    const path = join(directory, name);

                    step("write", path, content);

                    expect(readFileSync(path, "utf8")).toBe(content);
                    expect(readdirSync(directory).sort()).toEqual([name]);
                    expect(step("read", path, "").content).toBe(`${content}.`);
                    step("remove", path, "");
                    expect(readdirSync(directory)).toEqual([]);
                },
            ),
            { numRuns: 60 },
        );
    });

    test("may be 10 MB, and what was there before comes back", () => {
        const path = join(directory, "large");
        writeFileSync(path, "small\n");
        const content = `${"it's $(large) \\ \"\n".repeat(625_000)}\n\n`;
        expect(content.length).toBeGreaterThan(10_000_000);

        step("write", path, content);
        expect(readFileSync(path, "utf8") === content).toBe(true);

        step("remove", path, "");
        expect(readFileSync(path, "utf8")).toBe("small\n");
        expect(existsSync(`${directory}.records`)).toBe(false);
    });

    test("are refused by name when no shell can hold them", () => {
        const given = { connection: { host: "h" }, path: "/etc/x", content: "" };
        const faults = (change: object) =>
            file.inputs.safeParse({ ...given, ...change }).error?.issues.map(({ path }) => path.join("."));
        expect(faults({})).toBeUndefined();
        expect(faults({ content: "a\0b" })).toEqual(["content"]);
        expect(faults({ path: "/etc/a\0b" })).toContain("path");
        expect(faults({ path: "/etc/a\nb" })).toContain("path");
        expect(faults({ path: "/etc/../x" })).toContain("path");
    });
});

describe("an owner", () => {
    test("is found again by its URN, with any name of the resource", () => {
        const path = join(directory, "note");
        const urns = text
            .filter(some => some.isWellFormed())
            .map(name => `urn:pulumi:dev::lab::clearpath:host:File::${name}`);
        fc.assert(
            fc.property(urns, urn => {
                const { ownerId } = newOwnership({ urn });
                step("write", path, "ours\n", ownerId);

                const { recorded } = step("read", path, "", UNFINISHED.ownerId);

                expect(recorded).toBe(ownerId);
                expect(partsOfOwner(recorded!).urn).toBe(urn);
                step("remove", path, "", recorded);
                expect(readdirSync(directory)).toEqual([]);
            }),
            { numRuns: 40 },
        );
    });
});

describe("the remains of an interrupted step", () => {
    test("with only an owner do not change the file that was to be taken over", () => {
        const path = join(directory, "note");
        writeFileSync(path, "found\n");
        const record = join(`${directory}.records`, "record");
        mkdirSync(record, { recursive: true });
        writeFileSync(join(record, "owner"), "me\n");

        step("remove", path, "");

        expect(readFileSync(path, "utf8")).toBe("found\n");
        expect(existsSync(record)).toBe(false);
    });

    test("are removed by the next step", () => {
        const path = join(directory, "note");
        writeFileSync(path, "found\n");
        writeFileSync(join(directory, ".note.clearpath"), "half a te");

        step("write", path, "ours\n");
        expect(readdirSync(directory)).toEqual(["note"]);
        step("remove", path, "");
        expect(readFileSync(path, "utf8")).toBe("found\n");
    });

    test("without an owner are not taken for the former file", () => {
        const path = join(directory, "note");
        step("write", path, "first\n");
        rmSync(join(`${directory}.records`, "record", "owner"));
        writeFileSync(path, "by hand\n");

        step("write", path, "second\n");
        step("remove", path, "");

        expect(readFileSync(path, "utf8")).toBe("by hand\n");
        expect(readdirSync(directory)).toEqual(["note"]);
    });
});
