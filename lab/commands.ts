import type { Command } from "commander";
import { addFaults } from "./faults/faultsCommand.ts";
import { addMainJob } from "./journey/journeyCommands.ts";
import { addNetwork } from "./network/networkCommands.ts";
import { addVerdicts } from "./verdicts/verdictsCommand.ts";

/** Adds the commands of `clearpath lab` to their group. */
export function addLabCommands(lab: Command): void {
    addNetwork(lab);
    addMainJob(lab);
    addVerdicts(lab);
    addFaults(lab);
}
