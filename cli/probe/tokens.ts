import { readFile } from "node:fs/promises";
import type { ProbePlan } from "../../network/probe/plan.ts";
import { CouldNotRun } from "../exit.ts";

/**
 * Bearer tokens by host, from `host=file`: as arguments, every user of this machine would see them. Throws `CouldNotRun`.
 */
export async function tokensIn(given: readonly string[], plan: ProbePlan): Promise<Record<string, string>> {
    const read = given.map(async (text): Promise<[string, string]> => {
        const [, host, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
        if (!host || !file) throw new CouldNotRun(`--token ${text} is not of the form host=file. Nothing was probed.`);
        if (!plan.endpoints.some(endpoint => endpoint.kind === "api" && endpoint.host === host))
            throw new CouldNotRun(`${host} is none of the plan's APIs. Nothing was probed. Add it to probe.endpoints.`);
        const token = await readFile(file, "utf8").catch((error: Error) => {
            throw new CouldNotRun(`The token for ${host} cannot be read: ${error.message}. Nothing was probed.`);
        });
        if (!/^[\x21-\x7e]+$/.test(token.trim()))
            throw new CouldNotRun(`${file} does not hold a token alone. Nothing was probed. Write it on one line.`);
        return [host, token.trim()];
    });
    return Object.fromEntries(await Promise.all(read));
}
