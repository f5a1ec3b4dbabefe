import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { DeployOptions, DeployResult } from "../../cli/deploy/deploy.ts";
import { repositoryRoot } from "../../cli/root.ts";
import type { Lab } from "../network/lab.ts";
import { inRunner } from "./inRunner.ts";

/** From a lab there is no way to where Pulumi's CLI looks for plugins that it does not know. */
const OFFLINE = { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" };

/** A stack of one component, whose arguments are its configuration, deployed from a lab's runner. */
export class ProgramStack {
    readonly #lab: Lab;
    readonly #directory = mkdtempSync(join(tmpdir(), "clearpath-lab-"));

    /** `file` holds the component's class, from the repository's root. */
    constructor(lab: Lab, component: { name: string; file: string }) {
        this.#lab = lab;
        const main = `import { Config } from "@pulumi/pulumi";
import { ${component.name} } from "${join(repositoryRoot, component.file)}";
new ${component.name}("it", new Config("it").requireObject("args"));
`;
        const project = {
            name: "it",
            main: "index.ts",
            runtime: { name: "nodejs", options: { typescript: false } },
            plugins: { providers: [{ name: "clearpath", path: join(repositoryRoot, "provider") }] },
        };
        this.#write("index.ts", main);
        this.#write("package.json", JSON.stringify({ type: "module", main: "index.ts" }));
        this.#write("Pulumi.yaml", stringify(project));
        symlinkSync(join(repositoryRoot, "node_modules"), join(this.#directory, "node_modules"));
    }

    /** Runs an operation on the component with these arguments. */
    run(
        operation: DeployOptions["operation"],
        args: object,
        how: Pick<DeployOptions, "refresh" | "policyPacks"> = { policyPacks: [] },
    ): Promise<DeployResult> {
        this.#write("Pulumi.dev.yaml", stringify({ config: { "it:args": args } }));
        const options = {
            operation,
            skipPreview: operation === "up" && how.policyPacks.length === 0,
            stack: "dev",
            cwd: this.#directory,
            engine: "auto" as const,
            stateDir: join(this.#directory, "state"),
            passphrase: "lab",
            ...how,
        };
        return inRunner(this.#lab.instance, { kind: "deploy", quiet: true, options }, OFFLINE);
    }

    /** Directory of the project and of its state. */
    get directory(): string {
        return this.#directory;
    }

    remove(): void {
        rmSync(this.#directory, { recursive: true });
    }

    #write(name: string, text: string): void {
        writeFileSync(join(this.#directory, name), text);
    }
}
