import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type ConnectionArgs, withDefaults } from "../../../components/arguments.ts";
import type { ClusterEgressArgs } from "../../../components/clusterEgress.ts";
import type { ContainerArgs } from "../../../components/pullThrough/proxmoxContainer.ts";
import type { PullThroughRegistryArgs } from "../../../components/pullThroughRegistry.ts";

const schema = z.strictObject({ size: z.int().min(1).default(50), name: z.string().optional(), port: z.int() });

describe("arguments of a component", () => {
    it("get the schema's default where they are absent or undefined, and keep what is given", () => {
        expect(withDefaults(schema, { port: 1 })).toEqual({ size: 50, port: 1 });
        expect(withDefaults(schema, { port: 1, size: undefined })).toEqual({ size: 50, port: 1 });
        expect(withDefaults(schema, { port: 1, size: 7 })).toEqual({ size: 7, port: 1 });
    });

    it("may be outputs, which nothing reads before the resources do", () => {
        const size = pulumi.output(7);
        expect(withDefaults(schema, { port: 1, size }).size).toBe(size);
    });

    it("have the types that programs are written against", () => {
        expectTypeOf<NonNullable<ClusterEgressArgs["gateway"]>["connection"]>().toEqualTypeOf<ConnectionArgs>();
        expectTypeOf<ClusterEgressArgs["nodes"][number]["link"]>().toEqualTypeOf<string>();
        expectTypeOf<"auto">().toExtend<ClusterEgressArgs["pathMtu"]>();
        expectTypeOf<{ ipv4: number; ipv6: null }>().toExtend<ClusterEgressArgs["pathMtu"]>();
        expectTypeOf<pulumi.Output<number>>().toExtend<ContainerArgs["diskGiB"]>();
        expectTypeOf<pulumi.Output<string>>().toExtend<
            NonNullable<PullThroughRegistryArgs["upstreams"]>[number]["password"]
        >();
    });
});
