import { createInterface } from "node:readline";
import { PluginClient } from "../programs/provider/pluginClient.ts";

/**
 * Runs in the lab's runner, where the hosts can be reached, and drives a plugin there: takes one call of a PluginClient
 * as a line of JSON, `{ id, method, args }`, and answers with `{ id, result }` or `{ id, error }`.
 */
type Call = (...args: unknown[]) => unknown;

const plugin = await PluginClient.start();
/** Calls that are none of the client's. */
const calls: Record<string, Call> = {
    messages: () => plugin.messages.splice(0),
    kill: () => plugin.process.kill("SIGKILL"),
};
for await (const line of createInterface(process.stdin)) {
    const { id, method, args } = JSON.parse(line) as { id: number; method: string; args: unknown[] };
    Promise.resolve(calls[method]?.(...args) ?? (plugin[method as keyof PluginClient] as Call).apply(plugin, args))
        .then(result => ({ id, result: result ?? null }))
        .catch((error: Error) => ({ id, error: error.message }))
        .then(answer => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit(0);
