import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { File } from "../../../provider/resources/file.ts";
import { LinkMtu } from "../../../provider/resources/linkMtu.ts";
import { Registries } from "../../../provider/resources/registries.ts";

const registered: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(async () => {
    await pulumi.runtime.setMocks({
        newResource: args => {
            registered.push(args);
            return { id: `${args.name}-id`, state: { ...args.inputs, foundMtu: 1500 } };
        },
        call: () => ({}),
    });
});

function settled<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise(resolve => output.apply(resolve));
}

describe("a resource class made from its schema", () => {
    it("registers under its token with the inputs it was given", async () => {
        const mtu = new LinkMtu("mtu", { connection: { host: "10.27.27.11" }, link: "eth0", mtu: pulumi.output(1400) });
        expect(await settled(mtu.id)).toBe("mtu-id");
        const seen = registered.find(resource => resource.name === "mtu");
        expect(seen?.type).toBe("clearpath:host:LinkMtu");
        expect(seen?.inputs).toMatchObject({ connection: { host: "10.27.27.11" }, link: "eth0", mtu: 1400 });
    });

    it("has its inputs and the answers of the host as outputs", async () => {
        const mtu = new LinkMtu("both", { connection: { host: "10.27.27.11" }, link: "eth0", mtu: 1400 });
        expect(await settled(mtu.mtu)).toBe(1400);
        expect(await settled(mtu.foundMtu)).toBe(1500);
    });

    it.each([
        ["a plain object", { host: "10.27.27.11", password: "open sesame" }],
        ["an output", pulumi.output({ host: "10.27.27.11", password: "open sesame" })],
    ])("makes the password in %s a secret", async (_, connection) => {
        const file = new File("secret", { connection, path: "/etc/x", content: "y" });
        const held = (file as unknown as { connection: pulumi.Output<{ password: string }> }).connection;
        expect(await pulumi.isSecret(held)).toBe(true);
        expect((await settled(held)).password).toBe("open sesame");
    });

    it("makes a password in a map a secret", async () => {
        const configs = { "cache.lan": { auth: { username: "u", password: "open sesame" } } };
        const node = new Registries("in-map", { connection: { host: "10.27.27.11" }, registries: { configs } });
        const other = new Registries("no-password", { connection: { host: "10.27.27.11" }, registries: {} });
        expect(await pulumi.isSecret(node.registries)).toBe(true);
        expect((await settled(node.registries)).configs).toEqual(configs);
        expect(await pulumi.isSecret(other.registries)).toBe(false);
    });

    it("makes a password in a list a secret", async () => {
        const connection = { host: "10.27.27.11" };
        const witness = { name: "cp1", connection: { ...connection, password: "open sesame" }, endpoints: [] };
        const mtu = (name: string, witnesses: object[]) =>
            new LinkMtu(name, { connection, link: "eth0", mtu: 1400, witnesses: witnesses as never }) as unknown as {
                witnesses: pulumi.Output<object[]>;
            };
        const { witnesses } = mtu("in-list", [witness]);
        expect(await pulumi.isSecret(witnesses)).toBe(true);
        expect(await settled(witnesses)).toEqual([witness]);
        expect(await pulumi.isSecret(mtu("nobody", []).witnesses)).toBe(false);
    });

    it("recognises its own type by the token alone", () => {
        expect(LinkMtu.isInstance({ __pulumiType: "clearpath:host:LinkMtu" })).toBe(true);
        expect(LinkMtu.isInstance({ __pulumiType: "clearpath:host:File" })).toBe(false);
        expect(LinkMtu.isInstance(undefined)).toBe(false);
    });
});
