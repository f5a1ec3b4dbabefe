import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXECUTABLE, PluginClient } from "./pluginClient.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const secret = (value: unknown) => ({ [SIGNATURE]: SECRET, value });

const urn = (token: string) => `urn:pulumi:dev::clearpath::clearpath:index:NodeMtu$${token}::it`;
const LINK = urn("clearpath:host:LinkMtu");
const FILE = urn("clearpath:host:File");
/** Nothing listens there: RFC 6666, the discard port on the loopback. */
const connection = { host: "127.0.0.1", port: 9, insecureIgnoreHostKey: true };

describe("the plugin as a process", () => {
    let plugin: PluginClient;

    beforeAll(async () => {
        plugin = await PluginClient.start();
    });
    afterAll(async () => {
        expect(await plugin.stop()).toBe(0);
    });

    it("answers the handshake and accepts secrets", async () => {
        const response = await plugin.call<rpc.ProviderHandshakeResponse>(done =>
            plugin.client.handshake(new rpc.ProviderHandshakeRequest(), done),
        );
        expect(response.getAcceptSecrets()).toBe(true);
    });

    it("serves the package's schema", async () => {
        const response = await plugin.call<rpc.GetSchemaResponse>(done =>
            plugin.client.getSchema(new rpc.GetSchemaRequest(), done),
        );
        const schema = JSON.parse(response.getSchema());
        expect(Object.keys(schema.resources)).toContain("clearpath:host:LinkMtu");
        expect(schema.resources["clearpath:host:LinkMtu"]).toMatchObject({
            inputProperties: { mtu: { type: "integer" }, connection: { $ref: "#/types/clearpath:index:Connection" } },
            requiredInputs: ["connection", "link", "mtu"],
        });
        expect(schema.types["clearpath:index:Connection"].properties.password.secret).toBe(true);
        expect(JSON.stringify(schema.resources["clearpath:host:LinkMtu"].properties)).not.toContain("Connection");
    });

    it("answers check failures without naming a property, whose value would be printed", async () => {
        const { failures } = await plugin.check(LINK, { connection, link: "eth0", mtu: 9 });
        expect(failures).toEqual([{ property: "", reason: "mtu: expected number to be >=68." }]);
    });

    it("keeps secrets marked, those of the schema and those of the program", async () => {
        const { inputs } = await plugin.check(FILE, {
            connection: { ...connection, password: "open sesame" },
            path: "/etc/x",
            content: secret("token"),
        });
        expect(inputs).toMatchObject({ connection: { password: secret("open sesame") }, content: secret("token") });
        const { properties } = await plugin.create(FILE, inputs, { preview: true });
        expect(properties).toMatchObject({ content: secret("token") });
    });

    it("previews a create without a host: the connection is left out, answers are unknown", async () => {
        const { inputs } = await plugin.check(LINK, { connection, link: "eth0", mtu: 1400 });
        const { id, properties } = await plugin.create(LINK, inputs, { preview: true });
        expect(id).toBe("");
        expect(properties).toMatchObject({ link: "eth0", mtu: 1400, machineId: UNKNOWN, foundMtu: UNKNOWN });
        expect(properties).not.toHaveProperty("connection");
    });

    it("previews an update with the outputs that it keeps", async () => {
        const { inputs } = await plugin.check(LINK, { connection, link: "eth0", mtu: 1400 });
        const properties = { link: "eth0", mtu: 1400, machineId: "m", ownerId: "o", foundMtu: 1500, appliedAt: "then" };
        const state = { id: "root@127.0.0.1:9/link/eth0", inputs, properties };
        const preview = await plugin.update(LINK, state, { ...inputs, mtu: 1390 }, { preview: true });
        expect(preview.properties).toMatchObject({ mtu: 1390, machineId: "m", foundMtu: 1500, appliedAt: UNKNOWN });
    });

    it("distinguishes an update from a replacement, which deletes first", async () => {
        const { inputs } = await plugin.check(LINK, { connection, link: "eth0", mtu: 1400 });
        const state = {
            id: "root@127.0.0.1:9/link/eth0",
            inputs,
            properties: { ...inputs, ownerId: "o", atBoot: true },
        };
        const { DiffChanges } = rpc.DiffResponse;
        expect(await plugin.diff(LINK, state, inputs)).toMatchObject({ changes: DiffChanges.DIFF_NONE });
        expect(await plugin.diff(LINK, state, { ...inputs, link: "eth1" })).toMatchObject({
            changes: DiffChanges.DIFF_SOME,
            replacesList: ["link"],
            deletebeforereplace: true,
            detaileddiffMap: [["link", { kind: rpc.PropertyDiff.Kind.UPDATE_REPLACE, inputdiff: true }]],
        });
    });

    it("reports a failed create with what failed, what state the host is in, and what to do", async () => {
        const { inputs } = await plugin.check(FILE, { connection, path: "/etc/x", content: "" });
        await expect(plugin.create(FILE, inputs)).rejects.toThrow(
            "127.0.0.1: nothing listens on TCP port 9. Nothing was changed. Start its SSH server, or correct connection.port.",
        );
    });

    it("names the resource types it has when asked for another", async () => {
        await expect(plugin.check(urn("clearpath:host:Firewall"), {})).rejects.toThrow(
            /no resource type clearpath:host:Firewall\. It has .*clearpath:host:NftTable/,
        );
    });

    it("says what an id looks like when asked to import another", async () => {
        await expect(plugin.read(LINK, { id: "eth0" })).rejects.toThrow("as in root@10.27.27.11:22/link/eth0");
        await expect(plugin.read(FILE, { id: "root@h:22/link/eth0" })).rejects.toThrow(
            "is not the id of a clearpath:host:File",
        );
    });

    it("refuses functions by name", async () => {
        const request = new rpc.InvokeRequest();
        request.setTok("clearpath:host:getLink");
        await expect(plugin.call<rpc.InvokeResponse>(done => plugin.client.invoke(request, done))).rejects.toThrow(
            "Clearpath does not have a function clearpath:host:getLink.",
        );
    });
});

describe("the plugin's process", () => {
    it("ends when the engine that started it dies", async () => {
        // An engine that does nothing but live: the shell starts the plugin, says its pid, and waits.
        const script = '"$0" & echo "pid $!"; wait';
        const engine = spawn("sh", ["-c", script, EXECUTABLE], { stdio: ["ignore", "pipe", "inherit"] });
        const lines: string[] = [];
        const output = createInterface(engine.stdout).on("line", line => lines.push(line));
        await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
        const pid = Number(lines.find(line => line.startsWith("pid "))!.slice(4));
        expect(isRunning(pid)).toBe(true);

        engine.kill("SIGKILL");
        await once(output, "close");

        await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
    });
});

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}
