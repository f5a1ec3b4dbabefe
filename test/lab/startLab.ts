// Boots the lab named by CLEARPATH_LAB and stays alive as its holder, until it is killed.
import { labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";

await labUp({
    scenario: parseScenario({}),
    workers: 0,
    onProgress: sentence => process.stdout.write(`${sentence}\n`),
});
process.stdout.write("holding\n");
setInterval(() => {}, 60_000);
