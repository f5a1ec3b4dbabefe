import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LabTls } from "./internet/certificates.ts";
import { INTERNET_HOSTS, labCaPath } from "./topology.ts";

/** The lab's keys and certificates: those of the cache, or new ones where it has none for today's hosts. */
export async function labTls(onProgress: (sentence: string) => void = () => {}): Promise<LabTls> {
    const kept = readTls();
    if (kept) return kept;
    onProgress("internet: making the lab's certificate authority, once");
    const { makeTls } = await import("./internet/certificates.ts"); // Its library takes longer to load than the cache.
    const { ca, tls } = await makeTls(Object.keys(INTERNET_HOSTS));
    return keepTls(ca, tls);
}

/** JSON file that holds the `LabTls`, for processes that cannot be handed it. */
export function labTlsFile(): string {
    return join(dirname(labCaPath()), "internet.json");
}

function readTls(): LabTls | undefined {
    const file = labTlsFile();
    if (!existsSync(file)) return undefined;
    const tls = JSON.parse(readFileSync(file, "utf8")) as LabTls;
    return Object.keys(INTERNET_HOSTS).every(host => tls.chains[host]) ? tls : undefined;
}

/** Moves a whole directory into place. Another lab may have been faster; then both use what that one made. */
function keepTls(ca: string, tls: LabTls): LabTls {
    const directory = dirname(labCaPath());
    mkdirSync(dirname(directory), { recursive: true });
    const staging = mkdtempSync(`${directory}.`);
    try {
        writeFileSync(join(staging, basename(labCaPath())), ca);
        writeFileSync(join(staging, basename(labTlsFile())), JSON.stringify(tls), { mode: 0o600 });
        const theirs = readTls();
        if (theirs) return theirs;
        rmSync(directory, { recursive: true, force: true });
        renameSync(staging, directory);
        return tls;
    } finally {
        rmSync(staging, { recursive: true, force: true });
    }
}
