import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const programs = join(import.meta.dirname, "..", "..", "..", "provider", "cache");
let home: string;
beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "clearpath-cache-"));
});
afterEach(() => rmSync(home, { recursive: true }));

describe("the eviction", () => {
    const blob = (name: string, kib: number, ageHours: number) => {
        const directory = join(home, "storage/docker/registry/v2/blobs/sha256/aa", name);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, "data"), Buffer.alloc(kib * 1024, 1));
        const then = Date.now() / 1000 - ageHours * 3600;
        utimesSync(join(directory, "data"), then, then);
        return join(directory, "data");
    };
    const evict = (limitKib: number) =>
        spawnSync("sh", [join(programs, "evict.sh"), String(limitKib), join(home, "storage")], { encoding: "utf8" });

    test("removes the least recently used blobs, and no more than necessary", () => {
        const [old, middle, recent] = [blob("old", 400, 72), blob("middle", 400, 48), blob("recent", 400, 24)];
        expect(evict(1000)).toMatchObject({ status: 0, stderr: "" });
        expect([old, middle, recent].map(existsSync)).toEqual([false, true, true]);
    });

    test("keeps what somebody may be reading or writing", () => {
        const busy = blob("busy", 400, 0);
        expect(evict(10).status).toBe(0);
        expect(existsSync(busy)).toBe(true);
    });

    test("removes nothing while the cache is small enough", () => {
        const old = blob("old", 400, 72);
        expect(evict(1000)).toMatchObject({ status: 0, stdout: "" });
        expect(existsSync(old)).toBe(true);
    });
});

describe("fetching a binary", () => {
    let server: Server;
    let content: Buffer;
    let asked: number;
    beforeEach(async () => {
        asked = 0;
        server = createServer((_, response) => {
            asked++;
            response.end(content);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
    });
    afterEach(() => server.close());

    const fetched = () => join(home, "registry");
    const fetchIt = async (sha256 = createHash("sha256").update(content).digest("hex")) => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/registry`;
        const child = spawn("python3", [join(programs, "fetch.py"), url, sha256, fetched()]);
        const said: Buffer[] = [];
        child.stderr.on("data", chunk => said.push(chunk));
        const [code] = await once(child, "close");
        return { code, said: Buffer.concat(said).toString() };
    };

    test("stores it as executable, and does not fetch it again", async () => {
        content = Buffer.from("#!/bin/sh\n");
        expect((await fetchIt()).code).toBe(0);
        expect(statSync(fetched()).mode & 0o777).toBe(0o755);
        expect((await fetchIt()).code).toBe(0);
        expect(asked).toBe(1);
    });

    test("extracts it from a release's archive", async () => {
        writeFileSync(join(home, "registry.in"), "the registry");
        writeFileSync(join(home, "LICENSE"), "words");
        const archive = join(home, "release.tar.gz");
        spawnSync("tar", [
            "-C",
            home,
            "--transform",
            "s/registry.in/registry/",
            "-czf",
            archive,
            "LICENSE",
            "registry.in",
        ]);
        content = readFileSync(archive);
        expect((await fetchIt()).code).toBe(0);
        expect(readFileSync(fetched(), "utf8")).toBe("the registry");
    });

    test("stores nothing when the digest is wrong", async () => {
        content = Buffer.from("something else");
        const { code, said } = await fetchIt("0".repeat(64));
        expect(code).toBe(1);
        expect(said).toContain("Nothing was written");
        expect(readdirSync(home)).toEqual([]);
    });
});
