import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEvidence, requireWritable, writeEvidence, writeWhole } from "../../../../cli/evidence/file.ts";
import { CouldNotRun } from "../../../../cli/exit.ts";
import { EvidenceFile, evidenceJsonSchema } from "../../../../network/evidence/evidenceFile.ts";
import { gateway } from "../../network/verdict/reports.ts";
import { connections, recorded, runWith } from "./runs.ts";

let directory: string;
let path: string;

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-evidence-"));
    path = join(directory, "run.json.gz");
});
afterAll(() => rm(directory, { recursive: true }));

const small = () => runWith([{ ...gateway(), samples: connections("ghcr.io", 2, 1) }]);

/** The error of reading a file with this content, or the evidence. */
async function readingOf(content: Uint8Array | string): Promise<unknown> {
    await writeFile(path, content);
    return readEvidence(path).catch((error: unknown) => error);
}

function compressed(value: unknown): Uint8Array {
    return gzipSync(JSON.stringify(value));
}

describe("an evidence file", () => {
    test("is read back as it was written", async () => {
        await writeEvidence(path, small());
        expect(await readEvidence(path)).toEqual(small());
    });

    test("is one gzip stream of JSON, so that zcat and jq read it", async () => {
        await writeEvidence(path, small());
        expect(JSON.parse(execFileSync("gunzip", ["-c", path], { encoding: "utf8" }))).toEqual(small());
    });

    test("replaces another as a whole and leaves nothing beside it", async () => {
        await writeFile(path, "something else");
        await writeEvidence(path, small());
        expect(await readdir(directory)).toEqual(["run.json.gz"]);
    });

    test("has a JSON Schema in the repository that is in step: node docs/generate/pages.ts writes it", async () => {
        const file = new URL("../../../../docs/reference/evidence.schema.json", import.meta.url);
        expect(JSON.parse(await readFile(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(evidenceJsonSchema())));
    });

    test("of a real run is valid and small", async () => {
        const run = await recorded("after");
        expect(EvidenceFile.parse(run)).toEqual(run);
        expect(run.reports.flatMap(({ samples }) => samples).length).toBeGreaterThan(300);
    });
});

describe("reading", () => {
    test("refuses a file cut off at any byte, and says that it is cut off", async () => {
        const whole = compressed(small());
        const outcomes = new Map<string, number>();
        for (let length = 0; length < whole.length; length++) {
            const error = await readingOf(whole.subarray(0, length));
            expect(error, `cut off at ${length}`).toBeInstanceOf(CouldNotRun);
            const words = /is (empty|truncated)/.exec((error as Error).message)?.[0] ?? (error as Error).message;
            outcomes.set(words, (outcomes.get(words) ?? 0) + 1);
        }
        expect(Object.fromEntries(outcomes)).toEqual({ "is empty": 1, "is truncated": whole.length - 1 });
    }, 120_000);

    test("refuses a file with any byte of its content changed", async () => {
        const whole = compressed(small());
        for (let position = 10; position < whole.length; position += 7) {
            const changed = Uint8Array.from(whole);
            changed[position]! ^= 0x20;
            expect(await readingOf(changed), `changed at ${position}`).toBeInstanceOf(CouldNotRun);
        }
    }, 120_000);

    const future = {
        ...small(),
        version: 2,
        tool: { name: "clearpath", version: "9.1.0" },
        reports: "of another shape",
    };
    const broken = { ...small(), verdict: { ...small().verdict, cause: "gremlins" } };
    test.each([
        ["text", "hello", "is not gzip-compressed"],
        ["JSON that nobody compressed", JSON.stringify(small()), "is not gzip-compressed"],
        ["compressed text", gzipSync("hello"), "holds no JSON"],
        ["JSON of something else", compressed({ version: 1 }), "its format is not clearpath-evidence"],
        ["JSON that is no object", compressed(null), "its format is not clearpath-evidence"],
        [
            "a later version",
            compressed(future),
            "has version 2, and this clearpath reads version 1. It was written by clearpath 9.1.0",
        ],
        ["a wrong value", compressed(broken), "is not valid at verdict.cause"],
        ["two files in one", Buffer.concat([compressed(small()), compressed(small())]), "holds no JSON"],
    ])("refuses %s, with the file's name, what is wrong and what to do", async (_, content, words) => {
        const error = (await readingOf(content)) as Error;
        expect(error).toBeInstanceOf(CouldNotRun);
        expect(error.message).toContain(`${path} `);
        expect(error.message).toContain(words);
        expect(error.message).toMatch(/\. [A-Z][^.]+.*\.$/);
    });

    test("refuses a file that is not there", async () => {
        await expect(readEvidence(join(directory, "none.json.gz"))).rejects.toThrow(
            "Name a file that clearpath probe --out wrote.",
        );
    });
});

describe("writing", () => {
    test("says beforehand that a directory is not there, or that the path is one", async () => {
        await expect(requireWritable(join(directory, "no", "run.json.gz"))).rejects.toThrow("Nothing was done.");
        await expect(requireWritable(directory)).rejects.toThrow("is a directory");
        await expect(requireWritable(path)).resolves.toBeUndefined();
    });

    test("leaves nothing beside a path that it cannot take", async () => {
        const occupied = await mkdtemp(join(directory, "occupied-"));
        await writeFile(join(occupied, "file"), "");
        await expect(writeWhole(occupied, "text")).rejects.toThrow("cannot be written");
        expect((await readdir(directory)).filter(name => name.endsWith(".tmp"))).toEqual([]);
        await rm(occupied, { recursive: true });
    });

    test("on a full disk says so, leaves nothing half-written and the file of before as it was", () => {
        const script = new URL("writeOnFullDisk.ts", import.meta.url).pathname;
        // A disk of 64 KiB of its own, in a mount namespace that ends with the process.
        const commands = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" "$3" "$1"';
        const output = execFileSync(
            "unshare",
            ["--map-root-user", "--mount", "sh", "-c", commands, "sh", directory, process.execPath, script],
            { encoding: "utf8" },
        );
        expect(JSON.parse(output)).toEqual({
            error: expect.stringMatching(
                /cannot be written: no space is left on its disk\. Nothing half-written is left/,
            ),
            files: ["run.json.gz"],
            content: "the run before",
        });
    });
});
