import { spawn } from "node:child_process";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "../../cli/exit.ts";
import { type LabStatus, labDown, labStatus, labUp, openLab } from "./lab.ts";
import { requireLabMachine } from "./machine.ts";
import { loadScenario, parseScenario } from "./scenario.ts";
import { MOST_WORKERS } from "./topology.ts";
import { untilStopped } from "./untilStopped.ts";

/** Adds the commands that boot the lab's network, look at it and take it down. */
export function addNetwork(lab: Command): void {
    lab.addHelpText("after", "\nThe lab is named by CLEARPATH_LAB (default: lab); several can run side by side.");

    lab.command("up")
        .description("Boot the lab, installing what it needs on the first run. A lab that was up is replaced.")
        .option("--scenario <file>", "network to rehearse in (default: a healthy one)")
        .option("--workers <n>", "number of workers beside cp1 (default: the scenario's)", workerCount)
        .option("--cache-host", "boot a host for a pull-through cache beside the cluster")
        .action(
            async ({ scenario: file, ...options }: { scenario?: string; workers?: number; cacheHost?: boolean }) => {
                const scenario = file ? loadScenario(file) : parseScenario({});
                await untilStopped(() => labUp({ scenario, ...options, onProgress: showProgress }));
            },
        );

    lab.command("down")
        .description("Stop the lab and remove everything of it but the cache.")
        .action(async () => {
            await labDown();
            showProgress("the lab is down");
        });

    lab.command("check")
        .description("Check that a lab can run on this machine. Exit code 3 when it cannot, with what is missing.")
        .action(requireLabMachine);

    lab.command("status")
        .description(`Show what runs. Exit code ${EXIT.foundSomething} when a host of the lab does not run.`)
        .option("--json", "print one JSON object")
        .action(({ json }: { json?: boolean }) => {
            const status = labStatus();
            process.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
            if (!status.up) process.exitCode = EXIT.foundSomething;
        });

    lab.command("exec")
        .description("Run a command as root on a host. The exit code is the command's own.")
        .argument("<host>", "internet, isp, pve, cp1, worker1…, registry or runner")
        .argument("<command...>", "the command and its arguments, after --")
        .action(async (host: string, argv: [string, ...string[]]) => {
            process.exitCode = await runAttached(openLab().argv(host, argv));
        });
}

/** A number of workers that a lab can have, from the command line. */
export function workerCount(text: string): number {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 0 && count <= MOST_WORKERS) return count;
    throw new InvalidArgumentError(`It takes a whole number from 0 to ${MOST_WORKERS}.`);
}

function showProgress(sentence: string): void {
    process.stderr.write(`${sentence}\n`);
}

function statusText({ instance, up, scenario, hosts }: LabStatus): string {
    if (hosts.length === 0) return `lab ${instance} is down\n`;
    const rows = hosts.map(
        ({ name, running, address }) =>
            `  ${name.padEnd(10)}${(address ?? "").padEnd(15)}${running ? "running" : "down"}\n`,
    );
    return `lab ${instance} is ${up ? "up" : "only partly up"}, scenario ${scenario}\n${rows.join("")}`;
}

/** Runs a program on this terminal and gives its exit code. */
function runAttached([program, ...args]: readonly [string, ...string[]]): Promise<number> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { stdio: "inherit" });
        child.on("error", error => reject(new Error(`cannot run ${program}: ${error.message}`)));
        child.on("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
    });
}
