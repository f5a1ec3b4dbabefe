import { describe, expect, it } from "vitest";
import { cacheHoldsImages, cacheOutsideCluster } from "../../../policy/cache.ts";
import { judgeStack, type ResourceSpec, UNKNOWN } from "./stackOf.ts";

const cache = (placement: string, address = "10.27.27.5"): ResourceSpec => ({
    type: "clearpath:index:PullThroughRegistry",
    name: "cache",
    props: { placement, address },
});
const fuse: ResourceSpec = {
    type: "clearpath:index:MirrorFuse",
    name: "fuse",
    props: { address: "10.27.27.5", nodeAddresses: { cp1: "10.27.27.11" } },
};
const warmed = (missing: unknown): ResourceSpec => ({
    type: "clearpath:cache:WarmImages",
    name: "warm",
    props: { held: ["a", "b"], missing },
});

describe("cache-outside-cluster", () => {
    it.each(["host", "lxc"])("lets a cache on a %s of its own pass", async placement => {
        expect((await judgeStack(cacheOutsideCluster, [cache(placement), fuse])).violations).toEqual([]);
    });

    it("warns of a cache in a cluster, and says what would pass", async () => {
        const { violations } = await judgeStack(cacheOutsideCluster, [cache("cluster")]);
        expect(violations).toMatchObject([
            { urn: "cache", message: expect.stringMatching(/Use placement host or lxc/) },
        ]);
    });

    it("warns of a cache on a node, by the node's name", async () => {
        const { violations } = await judgeStack(cacheOutsideCluster, [cache("host", "10.27.27.11"), fuse]);
        expect(violations).toMatchObject([{ message: expect.stringContaining("is cp1, a node of the cluster") }]);
    });
});

describe("cache-holds-images", () => {
    it("passes when nothing is missing", async () => {
        expect((await judgeStack(cacheHoldsImages, [warmed([])])).violations).toEqual([]);
    });

    it("names the first image that is missing, and why", async () => {
        const { violations } = await judgeStack(cacheHoldsImages, [
            warmed([{ image: "quay.io/c:1", reason: "the proxy answers 503" }]),
        ]);
        expect(violations).toMatchObject([
            {
                message: expect.stringMatching(
                    /holds 2 of 3 images\. quay\.io\/c:1 is not among them: the proxy answers 503/,
                ),
            },
        ]);
    });

    it("says at preview that it could not judge", async () => {
        expect((await judgeStack(cacheHoldsImages, [warmed(UNKNOWN)])).unjudged).toBeDefined();
    });
});
