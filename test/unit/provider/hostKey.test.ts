import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Connection, JumpHost } from "../../../provider/host/connection.ts";
import {
    algorithmsFor,
    expectedKeys,
    knownKeys,
    parsePublicKeys,
    VERIFIED_KEYS_VARIABLE,
} from "../../../provider/host/hostKey.ts";

const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAINnCfY/aWEkcglEG6VhLcQtpGns48MIXaA0NagKdmOGA";
const OTHER = "AAAAC3NzaC1lZDI1NTE5AAAAIFpuu2nRnRXRWfvQStmEiVHTlOBUQVALR5GMJ4nNHqGL";

function hashed(name: string): string {
    const salt = Buffer.from("01234567890123456789");
    return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("parsePublicKeys", () => {
    it.each([
        ["a .pub file", `ssh-ed25519 ${KEY} root@cp1\n`],
        ["a bare key", `ssh-ed25519 ${KEY}`],
        ["ssh-keyscan's output", `# cp1:22 SSH-2.0-OpenSSH\ncp1 ssh-ed25519 ${KEY}\n`],
        ["an authorized_keys line with options", `restrict ssh-ed25519 ${KEY}`],
    ])("reads %s", (_, text) => {
        expect(parsePublicKeys(text)).toEqual([{ type: "ssh-ed25519", base64: KEY }]);
    });

    it("finds no key in other text", () => {
        expect(parsePublicKeys("permission denied\n")).toEqual([]);
    });
});

describe("knownKeys", () => {
    it.each([
        ["a plain name", `10.0.0.1 ssh-ed25519 ${KEY}`, 22, 1],
        ["one of several names", `cp1,10.0.0.1 ssh-ed25519 ${KEY}`, 22, 1],
        ["a pattern", `10.0.0.* ssh-ed25519 ${KEY}`, 22, 1],
        ["a negated pattern", `10.0.0.*,!10.0.0.1 ssh-ed25519 ${KEY}`, 22, 0],
        ["a hashed name", `${hashed("10.0.0.1")} ssh-ed25519 ${KEY}`, 22, 1],
        ["a hashed name of another host", `${hashed("10.0.0.2")} ssh-ed25519 ${KEY}`, 22, 0],
        ["a port of its own", `[10.0.0.1]:2222 ssh-ed25519 ${KEY}`, 2222, 1],
        ["the same host at another port", `10.0.0.1 ssh-ed25519 ${KEY}`, 2222, 0],
        ["a dot that is no wildcard", `10x0.0.1 ssh-ed25519 ${KEY}`, 22, 0],
        ["a certificate authority, which is no host key", `@cert-authority 10.0.0.1 ssh-ed25519 ${KEY}`, 22, 0],
        ["a revoked key", `10.0.0.1 ssh-ed25519 ${KEY}\n@revoked * ssh-ed25519 ${KEY}`, 22, 0],
    ])("takes %s", (_, text, port, count) => {
        expect(knownKeys(`# comment\n\n${text}\n`, "10.0.0.1", port)).toHaveLength(count);
    });
});

describe("algorithmsFor", () => {
    it("offers the RSA signatures that servers of today accept", () => {
        expect(algorithmsFor([{ type: "ssh-rsa", base64: "" }])).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
    });
});

describe("expectedKeys", () => {
    it("prefers the key in the connection", async () => {
        const connection = Connection.parse({ host: "cp1", hostKey: `ssh-ed25519 ${KEY}`, hostKeyCommand: "exit 1" });
        expect((await expectedKeys(connection)).keys).toEqual([{ type: "ssh-ed25519", base64: KEY }]);
    });

    it("gives the host and its port to hostKeyCommand", async () => {
        const hostKeyCommand = `test "$CLEARPATH_HOST:$CLEARPATH_PORT" = cp1:2222 && echo "ssh-ed25519 ${OTHER}"`;
        const connection = Connection.parse({ host: "cp1", port: 2222, hostKeyCommand });
        expect((await expectedKeys(connection)).keys).toEqual([{ type: "ssh-ed25519", base64: OTHER }]);
    });

    it.each([
        [{ hostKeyCommand: "echo gone >&2; exit 3" }, "connection.hostKeyCommand failed: gone"],
        [{ hostKey: "no key at all" }, "connection.hostKey has no host key"],
        [{ knownHostsPath: "/nonexistent" }, "/nonexistent has no host key"],
    ])("names the place that has no key: %o", async (change, reason) => {
        await expect(expectedKeys(Connection.parse({ host: "cp1", ...change }))).rejects.toThrow(reason);
    });
});

describe("keys that were verified in this run", () => {
    it("come before the keys of the connection, for the hosts that they belong to", async () => {
        const directory = await mkdtemp(join(tmpdir(), "verified-"));
        onTestFinished(async () => {
            vi.unstubAllEnvs();
            await rm(directory, { recursive: true });
        });
        const file = join(directory, "known_hosts");
        await writeFile(file, "10.0.0.1 ssh-ed25519 AAAAnew\n");
        vi.stubEnv(VERIFIED_KEYS_VARIABLE, file);
        const keysOf = (host: string) => expectedKeys(JumpHost.parse({ host, hostKey: "ssh-ed25519 AAAAold" }));

        expect((await keysOf("10.0.0.1")).keys).toEqual([{ type: "ssh-ed25519", base64: "AAAAnew" }]);
        expect((await keysOf("10.0.0.2")).keys).toEqual([{ type: "ssh-ed25519", base64: "AAAAold" }]);
    });
});
