import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placeBreakpoints } from "../../lab/faults/breakpoints.ts";
import { newKeyPair } from "../../lab/network/hosts/identity.ts";
import { requireLeader } from "../../lab/network/hosts/processes.ts";
import { type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { labPaths } from "../../lab/network/topology.ts";
import type { Canaries } from "./canaryStack/index.ts";

const instance = "canarytest";
const directory = fileURLToPath(new URL("./canaryStack/", import.meta.url));
const CLI = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const settings = join(directory, "Pulumi.lab-canary.yaml");

/** Where a secret has to be on a host, since that is what it was given for. */
const MEANT_FOR = [
    "/etc/doppler-token",
    "/etc/rancher/k3s/registries.yaml",
    // What our record says of the registries, for root alone.
    "/var/lib/clearpath/k3s/registries/",
    // What K3s itself makes of registries.yaml.
    "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
];

let lab: Lab;
let work: string;
beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "clearpath-canaries-"));
    lab = await labUp({ instance, scenario: parseScenario({}), workers: 0, onProgress: () => {} });
});
afterAll(async () => {
    await labDown(instance);
    rmSync(work, { recursive: true, force: true });
    rmSync(settings, { force: true });
});

const canary = (kind: string) => `canary-${kind}-${randomBytes(8).toString("hex")}`;

/** Runs the command as a user would, in the lab's runner. Gives all that it wrote, and every process's arguments meanwhile. */
async function clearpath(
    operation: string,
    secrets: Canaries,
    passphrase: string,
    flags: readonly string[] = ["--yes", "--json"],
) {
    const command = [process.execPath, CLI, operation, "--stack", "lab-canary", "--engine", "embedded", ...flags];
    const [program, ...args] = lab.argv("runner", command as [string, ...string[]]);
    const child = spawn(program, args, {
        cwd: directory,
        env: {
            ...process.env,
            CANARIES: JSON.stringify(secrets),
            PULUMI_CONFIG_PASSPHRASE: passphrase,
            PULUMI_BACKEND_URL: `file://${work}`,
            CLEARPATH_DEBUG: "1",
            TMPDIR: work,
        },
    });
    const written: Buffer[] = [];
    child.stdout.on("data", chunk => written.push(chunk));
    child.stderr.on("data", chunk => written.push(chunk));
    const seen = new Set<string>();
    const looking = setInterval(() => {
        for (const one of argumentsOfAll()) seen.add(one);
    }, 20);
    const code = await new Promise(resolve => child.on("close", resolve));
    clearInterval(looking);
    return { code, output: Buffer.concat(written).toString(), processes: [...seen].join("\n") };
}

/** What is seen of a text where it is a part of something in base64, which begins at one of three places in it. */
function inBase64(text: string): string[] {
    return [0, 1, 2].map(before => {
        const encoded = Buffer.from(" ".repeat(before) + text).toString("base64");
        return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
    });
}

/** Arguments of every process there is: those of the lab's hosts are among this machine's. */
function argumentsOfAll(): string[] {
    return readdirSync("/proc")
        .filter(name => /^\d+$/.test(name))
        .map(pid => {
            try {
                return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
            } catch {
                return "";
            }
        });
}

/** Paths of the files in a directory that hold one of the secrets, from that directory. */
function filesWith(root: string, secrets: readonly Buffer[], path = ""): string[] {
    const here = join(root, path);
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return readdirSync(here).flatMap(name => filesWith(root, secrets, `${path}/${name}`));
    if (!stat?.isFile()) return [];
    const content = readFileSync(here);
    return secrets.some(secret => content.includes(secret)) ? [path] : [];
}

test("secrets are nowhere but where they were meant to go", async () => {
    const { host, hostKey, privateKeyPath } = lab.connection("cp1");
    const passphrase = canary("passphrase");
    const privateKey = readFileSync(privateKeyPath, "utf8");
    const given: Canaries = {
        host,
        hostKey,
        privateKey,
        password: canary("password"),
        token: canary("token"),
        registryPassword: canary("registry"),
    };
    const stranger = newKeyPair().private;
    const changed = { ...given, token: canary("newtoken"), registryPassword: canary("newregistry") };
    const refused = { ...changed, privateKey: stranger, password: canary("wrongpassword") };
    writeFileSync(settings, "config: {}\n");
    const breakpoints = await placeBreakpoints(lab, "cp1");
    await breakpoints.count(0);

    // A key's first two lines are alike in every key of its type, or public.
    const keyLines = [privateKey, stranger].flatMap(key =>
        key
            .split("\n")
            .slice(3)
            .filter(line => /^[^-]{20}/.test(line)),
    );
    expect(keyLines.length).toBeGreaterThan(2);
    const secrets = ["canary-", ...keyLines].flatMap(text => [text, ...inBase64(text)]).map(text => Buffer.from(text));
    const hasSecret = (text: string) => secrets.find(secret => Buffer.from(text).includes(secret))?.toString();
    const runs = [
        await clearpath("up", given, passphrase),
        await clearpath("up", changed, passphrase),
        await clearpath("up", { ...refused, token: canary("never") }, passphrase),
        await clearpath("up", changed, canary("wrongpassphrase")),
        await clearpath("preview", given, passphrase, []),
        // The state has the last key that a run was given, and a refresh goes by the state.
        await clearpath("up", changed, passphrase),
        await clearpath("up", changed, passphrase, ["--yes", "--refresh"]),
    ];
    expect(
        runs.map(({ code }) => code),
        runs.map(({ output }) => output).join("\n"),
    ).toEqual([0, 0, 1, 3, 0, 0, 0]);

    expect(hasSecret((await breakpoints.commands()).join("\n"))).toBeUndefined();
    const { stdout: journal } = await lab.exec("cp1", ["journalctl", "--no-pager", "-o", "export"]);
    expect(journal.length).toBeGreaterThan(1000);
    expect(hasSecret(journal)).toBeUndefined();
    const disk = join(labPaths(instance).overlays, "cp1", "upper");
    const memory = `/proc/${requireLeader(instance, "cp1")}/root/run`;
    const found = [...filesWith(disk, secrets), ...filesWith(memory, secrets)];
    expect(found).toContain("/etc/doppler-token");
    expect(found.filter(path => !MEANT_FOR.some(meant => path.startsWith(meant)))).toEqual([]);

    const undone = await clearpath("destroy", changed, passphrase, ["--yes"]);
    expect(undone.code, undone.output).toBe(0);
    expect([...filesWith(disk, secrets), ...filesWith(memory, secrets)]).toEqual([]);

    for (const { output, processes } of [...runs, undone]) {
        expect(hasSecret(output)).toBeUndefined();
        expect(hasSecret(processes)).toBeUndefined();
    }
    expect(existsSync(join(work, ".pulumi/stacks/canaries/lab-canary.json"))).toBe(true);
    expect([...filesWith(work, secrets), ...filesWith(directory, secrets)]).toEqual([]);
});
