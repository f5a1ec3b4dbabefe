import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../lab/network/lab.ts";
import type { PluginClient, PluginState } from "../programs/provider/pluginClient.ts";

type Values = Record<string, unknown>;

/** The plugin, started in the lab's runner: see providerDriver.ts. */
export class ProviderInRunner {
    readonly #child: ChildProcess;
    readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
    #calls = 0;

    constructor(lab: Lab) {
        const driver = fileURLToPath(new URL("./providerDriver.ts", import.meta.url));
        const [command, ...args] = lab.argv("runner", [process.execPath, driver]);
        const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
        createInterface(child.stdout).on("line", line => {
            const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error?: string };
            const waiting = this.#waiting.get(id)!;
            this.#waiting.delete(id);
            if (error === undefined) waiting.resolve(result ?? undefined);
            else waiting.reject(new Error(error));
        });
        this.#child = child;
    }

    call(method: keyof PluginClient | "kill", ...args: unknown[]): Promise<unknown> {
        const id = ++this.#calls;
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, { resolve, reject });
            this.#child.stdin!.write(`${JSON.stringify({ id, method, args })}\n`);
        });
    }

    /** Messages that the plugin had shown since the last time. */
    messages(): Promise<string[]> {
        return this.call("messages") as Promise<string[]>;
    }

    /** Ends the plugin as an engine does: steps are finished or taken back first. */
    async stop(): Promise<void> {
        await this.call("stop");
        await this.close();
    }

    /** Ends what drives the plugin. */
    async close(): Promise<void> {
        this.#child.stdin!.end();
        await once(this.#child, "exit");
    }

    /** One resource on a host, gone through its life as an engine would. */
    resource(token: string, connection: object, name = "it"): ResourceInRunner {
        return new ResourceInRunner(this, `urn:pulumi:dev::clearpath::${token}::${name}`, connection);
    }
}

export class ResourceInRunner {
    readonly #provider: ProviderInRunner;
    readonly #urn: string;
    readonly #connection: object;
    #state: PluginState | undefined;

    constructor(provider: ProviderInRunner, urn: string, connection: object) {
        this.#provider = provider;
        this.#urn = urn;
        this.#connection = connection;
    }

    get state(): PluginState {
        if (this.#state === undefined) throw new Error("the resource has no state");
        return this.#state;
    }

    async create(args: Values): Promise<PluginState> {
        this.#state = (await this.#provider.call("create", this.#urn, await this.#checked(args))) as PluginState;
        return this.#state;
    }

    /** Reads the host; the state is then what was found, or none when the resource is gone. */
    async refresh(): Promise<PluginState | undefined> {
        this.#state = (await this.#provider.call("read", this.#urn, this.state)) as PluginState | undefined;
        return this.#state;
    }

    /** Names of the properties that an `up` with these arguments would change. */
    async changes(args: Values): Promise<string[]> {
        const diff = await this.#provider.call("diff", this.#urn, this.state, await this.#checked(args));
        return (diff as { diffsList: string[] }).diffsList;
    }

    async update(args: Values): Promise<PluginState> {
        const news = await this.#checked(args);
        this.#state = (await this.#provider.call("update", this.#urn, this.state, news)) as PluginState;
        return this.#state;
    }

    async delete(): Promise<void> {
        await this.#provider.call("delete", this.#urn, this.state);
        this.#state = undefined;
    }

    /** Removes what an interrupted creation wrote: the state has only its inputs. */
    async deleteUnfinished(args: Values): Promise<void> {
        const state: PluginState = { id: "unfinished", inputs: await this.#checked(args), properties: {} };
        await this.#provider.call("delete", this.#urn, state);
    }

    /** Reads a thing by its id alone. */
    async import(id: string): Promise<PluginState | undefined> {
        return (await this.#provider.call("read", this.#urn, { id })) as PluginState | undefined;
    }

    async #checked(args: Values): Promise<Values> {
        const news = { connection: this.#connection, ...args };
        const { inputs, failures } = (await this.#provider.call("check", this.#urn, news)) as {
            inputs: Values;
            failures: { reason: string }[];
        };
        if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
        return inputs;
    }
}
