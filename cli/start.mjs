#!/usr/bin/env node
// The one file that must run on any Node: it installs the packages, downloads a Node that runs TypeScript, and starts the command with it.
//   start.mjs exec TOOL ARGS…   runs a package's command (vitest, tsc, biome)
//   start.mjs bench ARGS…       runs the path MTU bench
//   start.mjs bench diagnose    runs the bench of `clearpath diagnose` on a large cluster
//   start.mjs bench cache       runs the bench of pulls through a cache over a slow uplink
//   start.mjs test ARGS…        runs all tests
//   start.mjs package           writes the package that is published to dist
//   start.mjs ARGS…             runs `clearpath ARGS…`
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_VERSION = "22.23.3";
const OLDEST = [22, 18];
const COULD_NOT_RUN = 3;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends the command with the one sentence that says what is missing and what to do. */
function stop(sentence) {
    process.stderr.write(`clearpath: ${sentence}\n`);
    process.exit(COULD_NOT_RUN);
}

function npm(args, what) {
    process.stderr.write(`clearpath: ${what}\n`);
    const done = spawnSync("npm", args, { cwd: root, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    if (done.error || done.status !== 0) {
        const reason = done.error ? done.error.message : done.stderr.trim().split("\n").slice(-5).join(" ");
        stop(`npm ${args[0]} failed: ${reason}. Check that npm works here, then run the command again.`);
    }
}

/** Packages are current when npm's own record of the installed tree is not older than the lock file. */
function installPackages() {
    if (!existsSync(join(root, "package-lock.json"))) return;
    const installed = join(root, "node_modules", ".package-lock.json");
    const current =
        existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
    if (!current) npm(["ci", "--no-audit", "--no-fund"], "installing the npm packages that package-lock.json lists");
}

function isNewEnough(version) {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Directory of a Node that runs TypeScript as it is: this one, or the binary of npm's node-<platform>-<arch> package. */
function nodeDirectory() {
    if (isNewEnough(process.versions.node)) return dirname(process.execPath);
    const name = `node-${process.platform}-${process.arch}`;
    const cache =
        process.env.CLEARPATH_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "clearpath");
    const home = join(cache, `${name}-${NODE_VERSION}`);
    const directory = join(home, "node_modules", name, "bin");
    if (!existsSync(join(directory, "node"))) {
        const staging = `${home}.${process.pid}`;
        mkdirSync(staging, { recursive: true });
        npm(
            [
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-save",
                "--prefix",
                staging,
                `${name}@${NODE_VERSION}`,
            ],
            `this is Node ${process.versions.node}, which is too old; installing Node ${NODE_VERSION} from npm`,
        );
        rmSync(home, { recursive: true, force: true });
        renameSync(staging, home);
    }
    return directory;
}

/** The file that a package's command runs, from its package.json. */
function commandOf(tool) {
    const owner = { tsc: "typescript", biome: "@biomejs/biome", depcruise: "dependency-cruiser" }[tool] ?? tool;
    const manifest = join(root, "node_modules", owner, "package.json");
    if (!existsSync(manifest)) stop(`${owner} is not installed. Run npm ci in ${root}.`);
    const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
    return join(dirname(manifest), typeof bin === "string" ? bin : bin[tool]);
}

const BENCHES = { diagnose: "diagnose.ts", cache: "cache.ts" };
/** Programs beside the command line. */
const PROGRAMS = { package: "release/package.ts", test: "test/run.ts" };

/** What Node runs for the arguments of this command. */
function nodeArguments(given) {
    const [first, ...rest] = given;
    if (first === "exec") return [commandOf(rest[0]), ...rest.slice(1)];
    // The published package has no bench and none of the programs.
    if (first === "bench" && existsSync(join(root, "lab")))
        return [join(root, "lab/bench", BENCHES[rest[0]] ?? "pathMtu.ts"), ...rest];
    if (Object.hasOwn(PROGRAMS, first ?? "") && existsSync(join(root, PROGRAMS[first])))
        return [join(root, PROGRAMS[first]), ...rest];
    return [join(root, "cli/main.ts"), ...given];
}

installPackages();
const directory = nodeDirectory();
const child = spawn(join(directory, "node"), nodeArguments(process.argv.slice(2)), {
    stdio: "inherit",
    env: { ...process.env, PATH: `${directory}${delimiter}${process.env.PATH}` },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", error => stop(`cannot start ${join(directory, "node")}: ${error.message}.`));
child.on("exit", (code, signal) => process.exit(signal ? 128 + (signal === "SIGINT" ? 2 : 15) : (code ?? 1)));
