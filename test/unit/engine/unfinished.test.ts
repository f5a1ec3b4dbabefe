import { describe, expect, test } from "vitest";
import { idOfCreation } from "../../../cli/deploy/unfinished.ts";
import { withUnfinished } from "../../../engine/plan/unfinished.ts";

const resource = (urn: string, more: object = {}) => ({ urn, custom: true, ...more });
const creating = (urn: string, more: object = {}) => ({ type: "creating", resource: resource(urn, more) });
const idOf = ({ urn }: { urn: string }) => (urn.startsWith("known") ? `id of ${urn}` : undefined);

describe("creations that an earlier run never finished", () => {
    test("come behind the resources, with their ids, where their type is known", () => {
        const pending = [creating("known a"), creating("foreign")];
        expect(withUnfinished({ resources: [resource("x")], pending }, idOf)).toEqual({
            resources: [resource("x"), resource("known a", { id: "id of known a" })],
            pending: [pending[1]],
        });
    });

    test("take the place of what they were to replace, which is deleted already", () => {
        const replaced = resource("known a", { id: "old", pendingReplacement: true });
        const { resources } = withUnfinished({ resources: [replaced], pending: [creating("known a")] }, idOf);
        expect(resources).toEqual([resource("known a", { id: "id of known a" })]);
    });

    test.each([
        ["other operations", [{ type: "updating", resource: resource("known a") }], []],
        ["components", [creating("known a", { custom: false })], []],
        ["resources that the state has already", [creating("known a")], [resource("known a", { id: "old" })]],
    ])("leave out %s", (_, pending, resources) => {
        expect(withUnfinished({ resources, pending }, idOf)).toEqual({ resources, pending });
    });
});

describe("the id of an unfinished creation", () => {
    const connection = { host: "10.27.27.11" };

    test("is the one that the creation would have given", () => {
        const inputs = { connection, link: "eth0", mtu: 1400 };
        expect(idOfCreation({ type: "clearpath:host:LinkMtu", inputs })).toBe("root@10.27.27.11:22/link/eth0");
    });

    test("stands for none where nothing is left anywhere, or the inputs are hidden", () => {
        const types = ["clearpath:probe:Egress", "clearpath:host:LinkMtu"];
        for (const type of types) expect(idOfCreation({ type, inputs: { connection: "[secret]" } })).toBe("unfinished");
    });

    test("is unknown for resources of other plugins", () => {
        expect(idOfCreation({ type: "proxmoxve:index/vmLegacy:VmLegacy", inputs: {} })).toBeUndefined();
    });
});
