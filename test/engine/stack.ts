import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { stringify } from "yaml";
import { type DeployOptions, type DeployResult, deploy, findPulumi, type Operation } from "../../cli/deploy/deploy.ts";

const here = import.meta.dirname;
const repository = join(here, "..", "..");

export type EngineName = "embedded" | "pulumi";

/** The engines a test runs on: always ours, and the real one where it is on PATH. */
export const engines: EngineName[] = findPulumi(process.env) ? ["embedded", "pulumi"] : ["embedded"];

/** A call the test plugin got. */
export interface Call {
    call: string;
    name: string;
    pid: number;
    timeout?: number;
    args?: Record<string, unknown>;
}

/** A resource in the state file. */
export interface StoredResource {
    urn: string;
    type: string;
    id?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    [key: string]: unknown;
}

const HEADER = `import * as pulumi from "@pulumi/pulumi";
import { Box, Provider, Thing } from "./things.ts";
`;

/** A project of its own in a temporary directory, with its world, its state and its Pulumi home. */
export class TestStack {
    readonly engine: EngineName;
    readonly directory = mkdtempSync(join(tmpdir(), "clearpath-engine-"));
    readonly world = join(this.directory, "world");
    readonly stateDir = join(this.directory, "state");
    readonly #plugins: { name: string; path: string }[] = [];

    constructor(engine: EngineName) {
        this.engine = engine;
        mkdirSync(join(this.world, "things"), { recursive: true });
        symlinkSync(join(repository, "node_modules"), join(this.directory, "node_modules"));
        cpSync(join(here, "programs", "things.ts"), join(this.directory, "things.ts"));
        this.write("package.json", JSON.stringify({ type: "module", main: "index.ts" }));
        this.plugin("enginetest", join(here, "plugin"));
    }

    /** Names a plugin of the project by its directory. */
    plugin(name: string, path: string): void {
        this.#plugins.push({ name, path });
        this.write(
            "Pulumi.yaml",
            stringify({
                name: "lab",
                main: "index.ts",
                runtime: { name: "nodejs", options: { typescript: false } },
                plugins: { providers: this.#plugins },
            }),
        );
    }

    write(name: string, text: string): void {
        writeFileSync(join(this.directory, name), text);
    }

    path(name: string): string {
        return join(this.directory, name);
    }

    /** The program: TypeScript that has `pulumi`, `Thing`, `Box` and `Provider` at hand. */
    program(source: string): this {
        this.write("index.ts", `${HEADER}${source}`);
        return this;
    }

    config(values: Record<string, unknown>): this {
        const file = this.path("Pulumi.dev.yaml");
        const salt = existsSync(file) ? /^encryptionsalt: .*$/m.exec(readFileSync(file, "utf8"))?.[0] : undefined;
        this.write("Pulumi.dev.yaml", `${salt ? `${salt}\n` : ""}${stringify({ config: values })}`);
        return this;
    }

    get env(): NodeJS.ProcessEnv {
        return {
            ...process.env,
            PULUMI_HOME: this.path("home"),
            PULUMI_CONFIG_PASSPHRASE: "correct horse",
            ENGINETEST_WORLD: this.world,
        };
    }

    /** An update alone, as most tests need no preview. */
    up(options: Partial<DeployOptions> = {}): Promise<DeployResult> {
        return this.must("up", { skipPreview: true, ...options });
    }

    run(operation: Operation, options: Partial<DeployOptions> = {}): Promise<DeployResult> {
        return deploy({
            operation,
            stack: "dev",
            cwd: this.directory,
            engine: this.engine,
            policyPacks: [],
            stateDir: this.stateDir,
            env: this.env,
            ...options,
        });
    }

    /** Runs what must succeed. */
    async must(operation: Operation, options: Partial<DeployOptions> = {}): Promise<DeployResult> {
        const result = await this.run(operation, options);
        if (!result.ok)
            throw new Error(`${operation} failed: ${JSON.stringify({ ...result, steps: undefined }, undefined, 1)}`);
        return result;
    }

    /** What the plugin was asked to do since `clearCalls`. */
    calls(...kinds: string[]): Call[] {
        const file = join(this.world, "calls.jsonl");
        if (!existsSync(file)) return [];
        const calls: Call[] = readFileSync(file, "utf8")
            .trim()
            .split("\n")
            .filter(line => line !== "")
            .map(line => JSON.parse(line));
        return calls.filter(({ call }) => kinds.length === 0 || kinds.includes(call));
    }

    /** `create a` and the like, in order. */
    order(...kinds: string[]): string[] {
        return this.calls(...kinds).map(({ call, name }) => `${call} ${name}`);
    }

    clearCalls(): void {
        rmSync(join(this.world, "calls.jsonl"), { force: true });
    }

    /** Names of the things there are. */
    things(): string[] {
        return readdirSync(join(this.world, "things"))
            .map(file => file.replace(/-[^-]*$/, ""))
            .sort();
    }

    /** Files of the things there are. */
    thingFiles(): string[] {
        return readdirSync(join(this.world, "things")).map(file => join(this.world, "things", file));
    }

    get stateFile(): string {
        return join(this.stateDir, ".pulumi", "stacks", "lab", "dev.json");
    }

    get stateText(): string {
        return readFileSync(this.stateFile, "utf8");
    }

    state(): StoredResource[] {
        return JSON.parse(this.stateText).checkpoint.latest?.resources ?? [];
    }

    stored(name: string): StoredResource | undefined {
        return this.state().find(resource => resource.urn.endsWith(`::${name}`));
    }

    pendingOperations(): unknown[] {
        return JSON.parse(this.stateText).checkpoint.latest?.pending_operations ?? [];
    }

    locks(): string[] {
        const directory = join(this.stateDir, ".pulumi", "locks", "organization", "lab", "dev");
        return existsSync(directory) ? readdirSync(directory) : [];
    }

    urn(name: string, type = "enginetest:index:Thing"): string {
        return `urn:pulumi:dev::lab::${type}::${name}`;
    }

    remove(): void {
        rmSync(this.directory, { recursive: true, force: true });
    }
}

/** `test` with a stack of its own for every test, so that tests can run side by side. */
export function stackTest(engine: EngineName) {
    return test.extend<{ stack: TestStack }>({
        // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from its first parameter's pattern.
        stack: async ({}, use) => {
            const stack = new TestStack(engine);
            await use(stack);
            stack.remove();
        },
    });
}

/** Steps on the things of the test plugin as `op name`, in order. */
export function thingSteps(result: DeployResult): string[] {
    return result.steps
        .filter(({ urn }) => urn.includes("enginetest:index:Thing::"))
        .map(({ urn, op }) => `${op} ${urn.split("::").at(-1)}`);
}

/** Errors of a run as one text. */
export function errorsOf(result: DeployResult): string {
    return result.diagnostics
        .filter(({ severity }) => severity === "error")
        .map(({ message }) => message)
        .join("\n");
}
