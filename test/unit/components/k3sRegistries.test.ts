import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { K3sRegistries, type K3sRegistriesArgs } from "../../../components/k3sRegistries.ts";
import { registeredBy } from "./recorded.ts";

const node = (name: string, role: "server" | "agent") => ({ name, role, connection: { host: `${name}.lan` } });
const nodes = [
    node("worker1", "agent"),
    node("cp1", "server"),
    node("worker2", "agent"),
    node("cp2", "server"),
    node("worker3", "agent"),
];
const args: K3sRegistriesArgs = {
    nodes,
    registries: {
        mirrors: { "docker.io": { endpoint: ["https://cache.lan"] } },
        configs: { "cache.lan": { auth: { username: "u", password: "hunter2" }, tls: { ca: "cache" } } },
    },
    certificateAuthorities: { cache: "PEM" },
};

/** For each node, those that are done when its turn comes. */
async function doneBefore(change: Partial<K3sRegistriesArgs>): Promise<Record<string, string[]>> {
    const done: string[] = [];
    const found: Record<string, string[]> = {};
    await pulumi.runtime.setMocks({
        async newResource({ type, name, inputs }) {
            if (type !== "clearpath:k3s:Registries") return { id: "", state: inputs };
            const node = name.slice("r-".length);
            found[node] = done.toSorted();
            await new Promise(setImmediate);
            done.push(node);
            return { id: node, state: inputs };
        },
        call: () => ({}),
    });
    new K3sRegistries("r", { ...args, ...change });
    await pulumi.runtime.disconnect();
    return found;
}

describe("K3sRegistries", () => {
    it("gives every node the same registries, servers first", async () => {
        const { made, resources } = await registeredBy(() => new K3sRegistries("r", args));
        const given = resources.filter(({ type }) => type === "clearpath:k3s:Registries");

        expect(made.nodes).toHaveLength(5);
        expect(new Set(given.map(({ name }) => name))).toEqual(
            new Set(["r-cp1", "r-cp2", "r-worker1", "r-worker2", "r-worker3"]),
        );
        for (const { name, inputs } of given)
            expect(inputs).toMatchObject({
                connection: { host: `${name.slice(2)}.lan` },
                registries: args.registries,
                certificateAuthorities: args.certificateAuthorities,
            });
    });
    it("lets the servers go one at a time, then the agents one at a time", async () => {
        expect(await doneBefore({})).toEqual({
            cp1: [],
            cp2: ["cp1"],
            worker1: ["cp1", "cp2"],
            worker2: ["cp1", "cp2", "worker1"],
            worker3: ["cp1", "cp2", "worker1", "worker2"],
        });
    });

    it("lets as many agents go together as may be unavailable, and never two servers", async () => {
        expect(await doneBefore({ maxUnavailable: 2 })).toEqual({
            cp1: [],
            cp2: ["cp1"],
            worker1: ["cp1", "cp2"],
            worker2: ["cp1", "cp2"],
            worker3: ["cp1", "cp2", "worker1", "worker2"],
        });
    });

    it.each([0, -1, 1.5])("refuses %d unavailable nodes", maxUnavailable => {
        expect(() => new K3sRegistries("r", { ...args, maxUnavailable })).toThrow(/Give a whole number from 1 up/);
    });

    it("gives passwords and kubeconfigs to no component, whose inputs the state would hold in the clear", async () => {
        const { resources } = await registeredBy(() => new K3sRegistries("r", { ...args, kubeconfig: "hunter2" }));
        const component = resources.find(({ type }) => type === "clearpath:index:K3sRegistries");

        expect(component).toBeDefined();
        expect(JSON.stringify(component)).not.toContain("hunter2");
    });
});
