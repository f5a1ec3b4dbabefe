import { join } from "node:path";
import { type Met, meet } from "../newHosts.ts";
import { rebuiltNodes } from "../nodes.ts";
import { firstEvidence } from "../probing.ts";
import { type Stage, VERIFIED_KEYS } from "../stage.ts";

/** Waits for the new hosts, and verifies their host keys. */
export const hosts: Stage = {
    name: "hosts",
    title: "Wait for the new hosts' SSH, and enrol their host keys",
    intent({ plan: { plan } }) {
        const keys = plan.hostKeyCommand
            ? "takes new host keys from the plan's hostKeyCommand"
            : "expects new host keys where the stack looks for them: known_hosts, configuration or hostKeyCommand";
        return `waits up to ${plan.waitMinutes} minutes; ${keys}`;
    },
    async run(context) {
        const { plan, directory: planDirectory } = context.plan;
        const former = await firstEvidence(context.state, context.directory);
        const deadline = Date.now() + plan.waitMinutes * 60_000;
        const nodes = await rebuiltNodes(context);
        // One at a time where keys are written, or two hosts would write one file at once; the rest wait meanwhile anyway.
        const met: Met[] = [];
        for (const node of nodes) {
            met.push(
                await meet({
                    node,
                    formerMachineId: former?.reports.find(report => report.vantagePoint === node.name)?.facts.machineId,
                    keepsMachineId: plan.keepsMachineId,
                    hostKeyCommand: plan.hostKeyCommand,
                    stackFile: join(context.cwd, `Pulumi.${context.stack}.yaml`),
                    verifiedKeys: join(context.directory, VERIFIED_KEYS),
                    directory: planDirectory,
                    deadline,
                    say: context.say,
                    signal: context.signal,
                }),
            );
        }
        const newHosts = met.map(({ host }) => host);
        const early = newHosts.filter(({ k3s }) => k3s === "running").map(({ name }) => name);
        return {
            outcome: "done",
            summary: `${newHosts.map(({ name, keyFrom }) => `${name} answers, and its host key matches ${keyFrom}`).join("; ")}.`,
            notes:
                early.length === 0
                    ? []
                    : [
                          `K3s already runs on ${early.join(", ")}. It started without the network layer, and may have begun to pull images. Change \`rebuild\` so that it does not start K3s, and let \`bootstrap\` start it.`,
                      ],
            newHosts,
            retries: met.flatMap(({ retries }) => retries),
        };
    },
};
