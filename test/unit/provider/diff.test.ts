import { describe, expect, it } from "vitest";
import { egress } from "../../../provider/resources/egress.ts";
import { file } from "../../../provider/resources/file.ts";
import { linkMtu } from "../../../provider/resources/linkMtu.ts";
import { differences } from "../../../provider/service/diff.ts";
import { type Properties, UNKNOWN } from "../../../provider/service/values.ts";

const connection = { host: "10.27.27.11", port: 22, user: "root" };
const inputs = { connection, link: "eth0", mtu: 1400, confirmSeconds: 30 };
const outputs = { ownerId: "it", atBoot: true };

function changed(change: Properties): [string, boolean][] {
    return differences(linkMtu, { inputs, outputs }, { ...inputs, ...change }).map(({ path, replace }) => [
        path,
        replace,
    ]);
}

describe("differences", () => {
    it("are none between equals", () => {
        expect(changed({})).toEqual([]);
    });

    it.each([
        ["another key", { privateKey: "x" }],
        ["another port", { port: 2222 }],
        ["another user", { user: "admin" }],
        ["a jump host", { proxy: { host: "pve" } }],
        ["an unknown password", { password: UNKNOWN }],
    ])("are none for %s alone: it is the same host", (_, change) => {
        expect(changed({ connection: { ...connection, ...change } })).toEqual([]);
    });

    it("replace the resource on another host", () => {
        expect(changed({ connection: { ...connection, host: "10.27.27.12" } })).toEqual([["connection.host", true]]);
    });

    it("update the resource, or replace it where another object is meant", () => {
        expect(changed({ mtu: 1390 })).toEqual([["mtu", false]]);
        expect(changed({ link: "eth1" })).toEqual([["link", true]]);
        expect(changed({ confirmSeconds: 60 })).toEqual([]);
    });

    it("include values that are not known yet", () => {
        expect(changed({ mtu: UNKNOWN })).toEqual([["mtu", false]]);
    });

    it("name the innermost property", () => {
        const state = {
            inputs: { connection, plan: { endpoints: [{ host: "a", port: 443 }], rounds: 20 } },
            outputs: { ownerId: "it", passed: true },
        };
        const news = { connection, plan: { endpoints: [{ host: "b", port: 443 }, { host: "c" }] } };
        expect(differences(egress, state, news).map(({ path, kind }) => [path, kind])).toEqual([
            ["plan.endpoints[0].host", "update"],
            ["plan.endpoints[1]", "add"],
            ["plan.rounds", "delete"],
        ]);
    });

    it("create again what an earlier run did not finish to create", () => {
        expect(differences(linkMtu, { inputs, outputs: {} }, inputs)).toEqual([
            { path: "ownerId", property: "ownerId", kind: "update", replace: false, isInput: false },
        ]);
    });

    it("exist when the host lost what was written, although no input changed", () => {
        const lost = { connection, path: "/etc/x", content: "" };
        expect(differences(file, { inputs: lost, outputs: { ownerId: "it", sha256: "" } }, lost)).toEqual([
            { path: "sha256", property: "sha256", kind: "update", replace: false, isInput: false },
        ]);
    });
});
