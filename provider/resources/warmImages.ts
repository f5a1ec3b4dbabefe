import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { hostOfConnection } from "../host/connection.ts";
import { HostError } from "../host/hostError.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { machineIdOf } from "../host/presence.ts";
import { machineIsThere } from "../probe/machine.ts";
import { hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const port = z.int().min(1).max(65535);

/** The cache and the images, as the program that warms the cache gets them. */
export const WarmTask = z.strictObject({
    address: z.string().min(1).describe("IP address or name of the cache, as in its certificate."),
    caCertificate: z.string().min(1).describe("Certificate of the authority that signed the cache's certificate, PEM."),
    upstreams: z
        .array(
            z.strictObject({
                names: z.array(z.string()).min(1).describe("The registry's names in image references."),
                proxy: port.describe("Port of the proxy, which asks the upstream registry."),
                twin: port.describe("Port of the read-only twin, which serves what the cache holds."),
            }),
        )
        .describe("The cache's registries."),
    images: z.array(z.string().min(1)).describe("Images that the cache must hold, with registry and tag or digest."),
    platforms: z
        .array(z.string())
        .default([])
        .describe(
            "Platforms of each image that the cache must hold, such as linux/arm64. Default: the platform of the cache's host.",
        ),
    parallel: z.int().min(1).max(32).default(4).describe("Number of images that are pulled at the same time."),
});
export type WarmTask = z.input<typeof WarmTask>;

const inputs = z.strictObject({
    ...hostInputs,
    task: WarmTask.describe("The cache and the images."),
    timeoutSeconds: z
        .int()
        .min(30)
        .max(14_400)
        .default(3600)
        .describe(
            "How long one run may take, in seconds. The next run does not fetch again what the cache holds by then.",
        ),
    triggers: z
        .array(z.string())
        .default([])
        .describe("Values whose change makes it run again, e.g. `appliedAt` of the cache's units."),
});

const missingImage = z.object({
    image: z.string().describe("The image."),
    reason: z.string().describe("Why the cache does not hold the whole image."),
});

const outputs = z.object({
    ...hostOutputs,
    ranAt: z.iso.datetime().describe("When the run ended, by the clock of the machine that runs Pulumi."),
    held: z.array(z.string()).describe("Images that the cache holds completely."),
    missing: z
        .array(missingImage)
        .describe("Images that the cache does not hold completely. The next `up` tries them again."),
    fetchedBytes: z.number().describe("Bytes that this run fetched from the upstream registries."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const warmImages = resourceKind({
    token: "clearpath:cache:WarmImages",
    description:
        "Pulls images through a pull-through cache, in parallel, so that the cache holds them before a node asks. Images that it holds already are not fetched again. An image that cannot be pulled is a result, not an error, and is tried again at every `up`; a cache that does not answer is an error.",
    idExample: "root@10.27.27.5:22/warm-images/10.27.27.5",
    inputs,
    outputs,
    replaceOn: [],
    stableOutputs: ["machineId", "ownerId"],
    stale: ({ outputs: { missing } }) => (missing.length === 0 ? [] : ["missing"]),
    async create(context, inputs) {
        const outputs = await warm(context, inputs, randomUUID());
        return { id: `${hostOfConnection(inputs.connection)}/warm-images/${inputs.task.address}`, outputs };
    },
    async read(context, _id, state) {
        return (await machineIsThere(context, state)) ? state : undefined;
    },
    update: (context, _id, olds, news) => warm(context, news, olds.outputs.ownerId),
    async delete() {
        // The images are removed with the cache's storage.
    },
});

/** Pulls images through a pull-through cache, so that the cache holds them before a node asks. */
export class WarmImages extends resourceClass(warmImages) {}

const PROGRAM = new URL("../cache/warm.py", import.meta.url);

/** Reads the program from the first line of standard input, and leaves the task on it. */
const COMMAND = `exec python3 -c 'import json, sys; exec(compile(json.loads(sys.stdin.readline()), "warm.py", "exec"))' -`;

const Message = z.union([
    z.object({ image: z.string(), held: z.literal(true), bytes: z.number() }),
    z.object({ image: z.string(), held: z.literal(false), bytes: z.number(), reason: z.string() }),
    z.object({ silent: z.string() }),
    z.object({ ended: z.literal(true) }),
]);

async function warm(context: OperationContext, inputs: Inputs, ownerId: string): Promise<Outputs> {
    const { task, timeoutSeconds } = inputs;
    const session = await context.session(inputs.connection);
    const held: string[] = [];
    const missing: Outputs["missing"] = [];
    let fetchedBytes = 0;
    let silent: string | undefined;
    let ended = false;
    const hear = (line: string) => {
        const message = messageIn(line);
        if (message === undefined) return;
        if ("silent" in message) silent = message.silent;
        else if ("ended" in message) ended = true;
        else {
            fetchedBytes += message.bytes;
            if (message.held) held.push(message.image);
            else missing.push({ image: message.image, reason: message.reason });
            const count = `${held.length + missing.length} of ${task.images.length}`;
            context.log(
                "info",
                `${count}: ${message.image} ${message.held ? "is held" : `is not held: ${message.reason}`}`,
            );
        }
    };

    const said = await session
        .exec(COMMAND, {
            stdin: `${JSON.stringify(readFileSync(PROGRAM, "utf8"))}\n${JSON.stringify(task)}`,
            onLine: hear,
            timeoutMs: timeoutSeconds * 1000,
            signal: context.signal,
        })
        .catch((error: Error) => ({ code: -1, stderr: error.message }));
    context.signal.throwIfAborted();
    if (silent !== undefined)
        throw cannot(
            session.host,
            `its cache does not answer: ${silent}. Look at its units with systemctl status "clearpath-registry-*".`,
        );
    if (!ended && held.length + missing.length === 0)
        throw cannot(
            session.host,
            `no image could be pulled through its cache: ${said.stderr.trim().split("\n").at(-1)}. The cache is unchanged. Correct the cause, then run up again.`,
        );
    // After a run that was cut short, the next run continues from here.
    const judged = new Set([...held, ...missing.map(({ image }) => image)]);
    for (const image of task.images)
        if (!judged.has(image)) missing.push({ image, reason: "the time limit was reached" });
    if (missing.length > 0)
        context.log(
            "warning",
            `The cache holds ${held.length} of ${task.images.length} images. Run up again to fetch the others.`,
        );
    const ranAt = new Date().toISOString();
    return { machineId: await machineIdOf(context, session), ownerId, ranAt, held, missing, fetchedBytes };
}

/** A message of the program; undefined for any other line that a host prints. */
function messageIn(line: string): z.infer<typeof Message> | undefined {
    try {
        return Message.safeParse(JSON.parse(line)).data;
    } catch {
        return undefined;
    }
}

function cannot(host: string, message: string): HostError {
    return new HostError(host, "step", message);
}
