import { expect, test } from "vitest";
import { campaign, judgedScenarios } from "../../cli/verdict/campaign.ts";

const SEED = 20_240;
/** Each takes half a minute at most, and all share one lab. */
const TIMEOUT_MS = 45 * 60_000;

test(
    "the verdict names every scenario of the repository, in numbers drawn from a fixed seed",
    async () => {
        const scenarios = judgedScenarios();
        const done = await campaign({
            instance: "verdicttest",
            scenarios,
            runs: 1,
            seed: SEED,
            onProgress: sentence => process.stderr.write(`${sentence}\n`),
        });
        expect(done.filter(({ unmet }) => unmet.length > 0)).toEqual([]);
        expect(done).toHaveLength(scenarios.length);
    },
    TIMEOUT_MS,
);
