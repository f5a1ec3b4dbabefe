import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { INTERNET_HOSTS, labCaPath } from "./topology.ts";

/** What a host can show to a client: certificates from its own to the root's, PEM. */
export interface CertificateChains {
    valid: string;
    expired: string;
    "unknown-ca": string;
}

/** Keys and certificates of the lab's internet, PEM throughout. */
export interface LabTls {
    /** Private key that all hosts share. */
    key: string;
    chains: Record<string, CertificateChains>;
    /** What token services sign with, and the certificate by which registries know them. */
    tokenSigner: { key: string; certificate: string };
}

/** The lab's keys and certificates: those of the cache, or new ones where it has none for today's hosts. */
export async function labTls(onProgress: (sentence: string) => void = () => {}): Promise<LabTls> {
    const directory = dirname(labCaPath());
    const kept = readTls(directory);
    if (kept) return kept;
    onProgress("internet: making the lab's certificate authority, once");
    const { makeTls } = await import("./internet/certificates.ts"); // Its library takes longer to load than the cache.
    const { ca, tls } = await makeTls(Object.keys(INTERNET_HOSTS));
    keepTls(directory, ca, tls);
    return tls;
}

/** JSON file that holds the `LabTls`, for processes that cannot be handed it. */
export function labTlsFile(): string {
    return join(dirname(labCaPath()), "internet.json");
}

function readTls(directory: string): LabTls | undefined {
    const file = labTlsFile();
    if (!existsSync(file) || !existsSync(join(directory, "ca.pem"))) return undefined;
    const tls = JSON.parse(readFileSync(file, "utf8")) as LabTls;
    return Object.keys(INTERNET_HOSTS).every(host => tls.chains[host]) ? tls : undefined;
}

/** Writes a whole new directory and moves it into place, so that no other lab reads half of one. */
function keepTls(directory: string, ca: string, tls: LabTls): void {
    mkdirSync(dirname(directory), { recursive: true });
    const staging = mkdtempSync(`${directory}.`);
    writeFileSync(join(staging, "ca.pem"), ca);
    writeFileSync(join(staging, "internet.json"), JSON.stringify(tls), { mode: 0o600 });
    rmSync(directory, { recursive: true, force: true });
    renameSync(staging, directory);
}
