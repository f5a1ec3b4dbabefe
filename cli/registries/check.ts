import { checkRegistries } from "../../network/registries/check.ts";
import { formatK3sVersion } from "../../network/registries/version.ts";
import { EXIT } from "../exit.ts";
import { printJson, printLine, readInput, shownName, tellRelease } from "./input.ts";
import type { NodeOptions } from "./options.ts";

/** `clearpath registries check`. */
export function checkFiles(files: readonly string[], options: NodeOptions): void {
    tellRelease(options.k3sVersion);
    const version = options.k3sVersion?.version ?? null;
    const node = {
        version,
        embeddedRegistry: options.embeddedRegistry ?? false,
        disableDefaultRegistryEndpoint: options.disableDefaultRegistryEndpoint ?? false,
    };
    const checked = files.map(file => ({ file: shownName(file), findings: checkRegistries(readInput(file), node) }));
    if (options.json) {
        const k3sVersion = version && formatK3sVersion(version);
        printJson(checked.map(({ file, findings }) => ({ file, k3sVersion, findings })));
    } else {
        for (const { file, findings } of checked) {
            if (findings.length === 0) printLine(`Nothing is wrong with ${file}.`);
            for (const { line, column, severity, rule, path, message } of findings) {
                printLine(`${file}:${line}:${column} ${severity} ${rule}: ${path ? `${path}: ` : ""}${message}`);
            }
        }
    }
    const isClean = checked.every(({ findings }) => findings.every(({ severity }) => severity === "info"));
    process.exitCode = isClean ? EXIT.ok : EXIT.foundSomething;
}
