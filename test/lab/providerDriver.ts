import { createInterface } from "node:readline";
import { PluginClient } from "../unit/provider/pluginClient.ts";

/**
 * Runs in the lab's runner, where the hosts can be reached, and drives a plugin there: takes one call of a PluginClient
 * as a line of JSON, `{ id, method, args }`, and answers with `{ id, result }` or `{ id, error }`.
 */
const plugin = await PluginClient.start();
for await (const line of createInterface(process.stdin)) {
    const { id, method, args } = JSON.parse(line) as { id: number; method: keyof PluginClient; args: unknown[] };
    const call = method === "messages" ? async () => plugin.messages.splice(0) : plugin[method];
    Promise.resolve((call as (...args: unknown[]) => unknown).apply(plugin, args))
        .then(result => ({ id, result: result ?? null }))
        .catch((error: Error) => ({ id, error: error.message }))
        .then(answer => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
