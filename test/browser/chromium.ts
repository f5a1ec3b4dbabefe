import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

/** No sandbox, since tests run as root; and nothing that calls out by itself. */
const FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/** A browser with a profile of its own. */
export interface Browser {
    context: BrowserContext;
    close(): Promise<void>;
}

/** Starts Debian's Chromium, after installing it where it is missing. */
export async function startChromium(): Promise<Browser> {
    if (!existsSync(EXECUTABLE)) installChromium();
    const profile = await mkdtemp(join(tmpdir(), "clearpath-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: EXECUTABLE,
        headless: true,
        args: FLAGS,
        offline: true,
    });
    return {
        context,
        async close() {
            await context.close();
            await rm(profile, { recursive: true, force: true });
        },
    };
}

function installChromium(): void {
    if (process.getuid?.() !== 0)
        throw new Error(`${EXECUTABLE} is missing: run "apt-get install chromium" as root, or these tests as root.`);
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () =>
        spawnSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], {
            env: environment,
            encoding: "utf8",
        });
    let done = install();
    if (done.status !== 0) {
        spawnSync("apt-get", ["update"], { env: environment });
        done = install();
    }
    if (done.status !== 0)
        throw new Error(
            `apt-get cannot install chromium: ${done.stderr.trim().split("\n").at(-1)}. Install it by hand.`,
        );
}
