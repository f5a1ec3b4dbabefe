import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireLeader } from "../network/hosts/processes.ts";
import type { HostFingerprint, Lab } from "../network/lab.ts";
import type { LabHost } from "../network/topology.ts";

/** All that a stack may leave on a host: what `destroy` has to undo, and what Clearpath keeps for itself. */
export interface HostTraces extends HostFingerprint {
    /** Records below /var/lib/clearpath. Owners are left out: each resource draws its own. */
    records: Record<string, string>;
    /** What K3s has rendered from registries.yaml, or we in its place. */
    certsD: Record<string, string>;
    /** Programs of steps under way. */
    programs: string[];
    /** Units of the stack or of Clearpath that run, and all that failed. */
    units: string[];
}

export async function tracesOf(lab: Lab, host: LabHost): Promise<HostTraces> {
    const root = `/proc/${requireLeader(lab.instance, host)}/root`;
    const [fingerprint, records, certsD, run, listed] = await Promise.all([
        lab.fingerprint(host),
        filesBelow(root, "/var/lib/clearpath"),
        filesBelow(root, "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"),
        readdir(join(root, "run")),
        lab.exec(host, ["systemctl", "list-units", "--all", "--plain", "--no-legend", "*"]),
    ]);
    const units = listed.stdout
        .split("\n")
        .map(line => line.trim().split(/\s+/).slice(0, 4).join(" "))
        .filter(line => /^(clearpath|lab-faults)/.test(line) || / failed /.test(line))
        .sort();
    return { ...fingerprint, records, certsD, programs: run.filter(name => /^clearpath\.(?!lock$)/.test(name)), units };
}

async function filesBelow(root: string, directory: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const visit = async (path: string): Promise<void> => {
        const names = await readdir(join(root, path)).catch(() => []);
        for (const name of names.sort()) {
            const inside = join(path, name);
            const stat = await lstat(join(root, inside)).catch(() => undefined);
            if (stat?.isDirectory()) {
                found[inside] = "directory";
                await visit(inside);
            } else if (stat !== undefined) {
                const content = name === "owner" ? "" : await readFile(join(root, inside)).catch(() => "");
                found[inside] = `${stat.mode.toString(8)} ${createHash("sha256").update(content).digest("hex")}`;
            }
        }
    };
    await visit(directory);
    return found;
}

/** What differs on a host from how it should be, a line for each. Empty when nothing does. */
export function tracesDiffer(host: LabHost, wanted: HostTraces, found: HostTraces): string[] {
    const records = (["links", "etc", "usrLocal", "records", "certsD"] as const).flatMap(part => {
        const names = new Set([...Object.keys(wanted[part]), ...Object.keys(found[part])]);
        return [...names]
            .filter(name => wanted[part][name] !== found[part][name])
            .map(name => `${name} is ${found[part][name] ?? "missing"}, not ${wanted[part][name] ?? "missing"}`);
    });
    const ruleset = wanted.ruleset === found.ruleset ? [] : [`the ruleset is ${JSON.stringify(found.ruleset)}`];
    const lists = (["programs", "units"] as const).flatMap(part => [
        ...found[part].filter(one => !wanted[part].includes(one)).map(one => `${part}: ${one} is there`),
        ...wanted[part].filter(one => !found[part].includes(one)).map(one => `${part}: ${one} is missing`),
    ]);
    return [...records, ...ruleset, ...lists].map(difference => `${host}: ${difference}`);
}
