import { defineConfig } from "vitest/config";

/**
 * Seven groups: `unit` needs no root and half a minute, `programs` starts the plugin, the probe agent and servers of ours,
 * `properties` tries many inputs and cuts the power in the middle of steps, `engine` starts Pulumi's own processes, `browser`
 * looks at reports in Chromium and installs it where it is missing, `cluster` starts a Kubernetes API server and a registry
 * and builds them once with Go, `lab` boots hosts and needs root.
 */
export default defineConfig({
    test: {
        projects: [
            // Files share one module cache: loading Pulumi's SDKs once for each takes longer than all the tests.
            { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 20_000, isolate: false } },
            {
                test: {
                    name: "programs",
                    include: ["test/programs/**/*.test.ts"],
                    testTimeout: 60_000,
                    hookTimeout: 60_000,
                },
            },
            { test: { name: "properties", include: ["test/properties/**/*.test.ts"], testTimeout: 120_000 } },
            {
                test: {
                    name: "engine",
                    include: ["test/engine/**/*.test.ts"],
                    testTimeout: 120_000,
                    hookTimeout: 120_000,
                },
            },
            {
                test: {
                    name: "browser",
                    include: ["test/browser/**/*.test.ts"],
                    testTimeout: 60_000,
                    hookTimeout: 600_000,
                },
            },
            {
                test: {
                    name: "cluster",
                    include: ["test/cluster/**/*.test.ts"],
                    testTimeout: 120_000,
                    // The first run builds the API server.
                    hookTimeout: 1_800_000,
                    fileParallelism: false,
                },
            },
            {
                test: {
                    name: "lab",
                    include: ["test/lab/**/*.test.ts"],
                    testTimeout: 600_000,
                    hookTimeout: 600_000,
                    // Each file has a lab of its own name. Two at a time: most of their time is spent waiting.
                    maxWorkers: 2,
                },
            },
        ],
    },
});
