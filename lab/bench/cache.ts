// How much faster an image is pulled that the cache holds, over a slow uplink: an image of 50 MB, once past the cache's
// storage and once out of it, onto the same node in the same run.
//   npm run bench -- cache [--rate MBIT]
import { parseArgs } from "node:util";
import { ProgramStack } from "../journey/programStack.ts";
import { LARGE_IMAGE } from "../network/images.ts";
import { type Lab, labDown, labUp } from "../network/lab.ts";
import { parseScenario } from "../network/scenario.ts";
import { CACHE_HOST } from "../network/topology.ts";
import { untilStopped } from "../network/untilStopped.ts";

const INSTANCE = "bench";
const NODE = "cp1";

const { values } = parseArgs({
    args: process.argv.slice(2).filter(word => word !== "cache"),
    options: { rate: { type: "string", default: "20" } },
});
const rateMbit = Number(values.rate);

/** Pulls past the cache, through it, and out of it. Whether the last was ten times as fast as the second. */
async function compare(): Promise<boolean> {
    const lab = await labUp({
        instance: INSTANCE,
        scenario: parseScenario({ internet: { paths: [{ rateMbit, queueMs: 300 }] } }),
        workers: 0,
        cacheHost: true,
        onProgress: line => process.stderr.write(`${line}\n`),
    });
    const stack = new ProgramStack(lab, { name: "ClusterMirrors", file: "components/clusterMirrors.ts" });
    try {
        const direct = await pull(lab);
        const up = await stack.run("up", {
            nodes: [{ name: NODE, role: "server", connection: lab.connection(NODE), link: "eth0" }],
            cache: { placement: "host", host: { name: CACHE_HOST, connection: lab.connection(CACHE_HOST) } },
        });
        if (!up.ok) throw new Error(up.diagnostics.map(({ message }) => message).join("\n"));
        const first = await pull(lab);
        await untilStored(lab);
        const second = await pull(lab);
        const ratio = first / second;
        process.stdout.write(
            [
                `50 MB onto ${NODE} over an uplink of ${rateMbit} Mbit/s`,
                `   without a cache          ${direct.toFixed(1)} s`,
                `   first, through the cache ${first.toFixed(1)} s`,
                `   second                   ${second.toFixed(1)} s, ${ratio.toFixed(0)} times as fast`,
                "",
            ].join("\n"),
        );
        return ratio >= 10;
    } finally {
        stack.remove();
        await labDown(INSTANCE);
    }
}

/** Seconds that a pull takes on a node that does not have the image. */
async function pull(lab: Lab): Promise<number> {
    const ctr = ["ctr", "-n", "k8s.io", "images"];
    // An image that is gone leaves its blobs, and they would not be asked for again.
    const empty = "for kind in images content; do ctr -n k8s.io $kind ls -q | xargs -r ctr -n k8s.io $kind rm; done";
    await lab.exec(NODE, ["sh", "-c", empty]);
    const started = performance.now();
    const how = ["pull", "--hosts-dir", "/etc/containerd/certs.d", LARGE_IMAGE.reference];
    const { code, stderr } = await lab.exec(NODE, [...ctr, ...how]);
    if (code !== 0) throw new Error(`${LARGE_IMAGE.reference} could not be pulled: ${stderr}`);
    return (performance.now() - started) / 1000;
}

/** The proxy goes on writing for a while after it has answered. */
async function untilStored(lab: Lab): Promise<void> {
    const size = LARGE_IMAGE.layers[0]!;
    const find = ["find", "/var/cache/clearpath-registry-ghcr.io/", "-name", "data", "-size", `+${size - 1}c`];
    while ((await lab.exec(CACHE_HOST, find)).stdout === "") await new Promise(resolve => setTimeout(resolve, 200));
}

if (!(await untilStopped(compare, () => labDown(INSTANCE)))) process.exitCode = 1;
