// What a user's scripts do to VMs, done to the lab's: rebuildDriver.ts INSTANCE destroy|rebuild|bootstrap HOST…
// And what may happen meanwhile: rebuildDriver.ts INSTANCE flaky
import { setTimeout as delay } from "node:timers/promises";
import { labStatus, openLab } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import type { LabHost } from "../../lab/network/topology.ts";

const [instance, what, ...hosts] = process.argv.slice(2) as [string, string, ...LabHost[]];
const lab = openLab(instance);
const isRunning = (host: LabHost) => labStatus(instance).hosts.some(({ name, running }) => name === host && running);

if (what === "flaky") {
    const endpoints = { "registry.k8s.io": { status: 503, failPercent: 40 } };
    await lab.setScenario(parseScenario({ ...lab.scenario, internet: { ...lab.scenario.internet, endpoints } }));
}
for (const host of hosts) {
    console.log(`${what} ${host}`);
    if (what === "destroy") {
        await lab.exec(host, ["systemctl", "poweroff", "--force", "--force"]).catch(() => undefined);
        while (isRunning(host)) await delay(50);
        continue;
    }
    const unit = host === "cp1" ? "k3s" : "k3s-agent";
    // The lab's hosts come with K3s: a user's would have it installed by the bootstrap.
    if (what === "rebuild") await lab.rebuild(host);
    const { code, stderr } = await lab.exec(host, [
        "systemctl",
        what === "rebuild" ? "disable" : "enable",
        "--now",
        unit,
    ]);
    if (code !== 0) throw new Error(`${what}: systemctl failed with ${unit} on ${host}: ${stderr}`);
}
