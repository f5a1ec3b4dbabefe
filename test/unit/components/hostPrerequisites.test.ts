import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installScript, removeScript } from "../../../components/aptPackages.ts";
import { HostPrerequisites } from "../../../components/hostPrerequisites.ts";
import type { HostArgs } from "../../../components/hosts.ts";
import { registeredBy } from "./recorded.ts";

const cp1: HostArgs = {
    name: "cp1",
    connection: { host: "10.27.27.11", user: "debian", agentSocketPath: "/run/agent", hostKey: "ssh-ed25519 AAAA" },
};

describe("HostPrerequisites", () => {
    it("runs one command on each host, with the connection that all resources use", async () => {
        const worker = { ...cp1, name: "worker1", connection: { ...cp1.connection, host: "10.27.27.21" } };
        const { resources } = await registeredBy(() => new HostPrerequisites("ready", { hosts: [cp1, worker] }));
        const commands = resources.filter(({ type }) => type === "command:remote:Command");
        expect(commands.map(({ name, inputs }) => [name, inputs.connection])).toMatchObject([
            ["ready-cp1", cp1.connection],
            ["ready-worker1", worker.connection],
        ]);
    });

    it("leaves out of the connection what the other package does not know", async () => {
        const connection = {
            ...cp1.connection,
            knownHostsPath: "/etc/known",
            proxy: { host: "jump", hostKeyCommand: "true" },
        };
        const { resources } = await registeredBy(
            () => new HostPrerequisites("ready", { hosts: [{ ...cp1, connection }] }),
        );
        const command = resources.find(({ type }) => type === "command:remote:Command");
        expect(command?.inputs.connection).toMatchObject({ ...cp1.connection, proxy: { host: "jump" } });
        expect(JSON.stringify(command?.inputs.connection)).not.toMatch(/knownHostsPath|hostKeyCommand/);
    });
});

describe("the scripts", () => {
    let home: string;
    const record = () => join(home, "record");

    /** A Debian host of which only its package tools are real enough: a file is its dpkg database, one name a line. */
    beforeEach(() => {
        home = mkdtempSync(join(tmpdir(), "clearpath-apt-"));
        mkdirSync(join(home, "bin"));
        tool("dpkg-query", `sed 's/^/ii  /' ${home}/installed`);
        tool("sudo", `shift; exec "$@"`);
        tool(
            "apt-get",
            `case "$*" in
            *install*) for word in "$@"; do case $word in python3) echo python3; echo libpython3;; nftables) echo nftables;; esac; done >> ${home}/installed;
                [ ! -e ${home}/broken ];;
            esac`,
        );
        tool(
            "dpkg",
            `shift; for word in "$@"; do grep -qx "$word" ${home}/needed || sed -i "/^$word\\$/d" ${home}/installed; done`,
        );
        writeFileSync(join(home, "needed"), "");
    });
    afterEach(() => rmSync(home, { recursive: true }));

    function tool(name: string, body: string) {
        writeFileSync(join(home, "bin", name), `#!/bin/sh\n${body}\n`);
        chmodSync(join(home, "bin", name), 0o755);
    }
    function run(script: string) {
        const env = { ...process.env, PATH: `${home}/bin:${process.env.PATH}` };
        return spawnSync("sh", ["-c", script], { encoding: "utf8", env });
    }
    const hostHas = (...packages: string[]) =>
        writeFileSync(join(home, "installed"), packages.map(name => `${name}\n`).join(""));
    const found = () => readFileSync(join(home, "installed"), "utf8").trim().split("\n").sort();

    it("install what is missing and say what came with it", () => {
        hostHas("apt", "nftables");
        const { status, stdout } = run(installScript(["nftables", "python3"], record()));
        expect([status, stdout]).toEqual([0, "libpython3\npython3\n"]);
        expect(found()).toEqual(["apt", "libpython3", "nftables", "python3"]);
    });

    it("do nothing where nothing is missing, and then remove nothing", () => {
        hostHas("apt", "nftables", "python3");
        expect(run(installScript(["nftables", "python3"], record())).stdout).toBe("");
        expect(run(removeScript(record())).status).toBe(0);
        expect(found()).toEqual(["apt", "nftables", "python3"]);
    });

    it("remove what they installed and nothing else", () => {
        hostHas("apt", "nftables");
        run(installScript(["nftables", "python3"], record()));
        expect(run(removeScript(record())).status).toBe(0);
        expect(found()).toEqual(["apt", "nftables"]);
        expect(existsSync(record())).toBe(false);
    });

    it("keep a package that others have come to need, and say so", () => {
        hostHas("apt");
        run(installScript(["nftables"], record()));
        writeFileSync(join(home, "needed"), "nftables\n");
        expect(run(removeScript(record())).stdout).toBe("nftables stays: other packages need it.\n");
        expect(found()).toEqual(["apt", "nftables"]);
    });

    it("remove what came although apt failed half-way", () => {
        hostHas("apt");
        writeFileSync(join(home, "broken"), "");
        expect(run(installScript(["nftables", "python3"], record())).status).toBe(1);
        run(removeScript(record()));
        expect(found()).toEqual(["apt"]);
    });

    it("refuse a package name that a shell would take apart", () => {
        expect(() => installScript(["nftables; reboot"])).toThrow("is not the name of a Debian package");
    });
});
