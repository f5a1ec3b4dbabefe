import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "../command.ts";
import { startDaemon, stopDaemons } from "../daemon.ts";
import { imagesDigest, PUBLISHED_IMAGES } from "../images.ts";
import { addNamespace, deleteNamespace, insideNamespace, ipBatch, setSysctls } from "../namespace.ts";
import type { Scenario } from "../scenario.ts";
import { labTls, labTlsFile } from "../tls.ts";
import { cacheDirectory, DNS_SERVER, INTERNET_HOSTS, type InternetHost, labPaths } from "../topology.ts";
import { internetAddresses } from "./addresses.ts";
import { REGISTRY_PROGRAM, registryConfig } from "./distribution.ts";
import { faultRules } from "./faultRules.ts";
import { REGISTRIES } from "./hosts.ts";

const SERVER = fileURLToPath(new URL("./server.ts", import.meta.url));
const PUBLISH = fileURLToPath(new URL("./publish.ts", import.meta.url));

/** Starts every host of the internet in namespace `internet`: DNS, HTTPS and the registries with their images. */
export async function startInternet(
    instance: string,
    scenario: Scenario,
    onProgress: (sentence: string) => void = () => {},
): Promise<void> {
    await addNamespace(instance, "internet");
    const [tls, storage] = await Promise.all([labTls(onProgress), registryStorage(instance, onProgress)]);
    onProgress(`internet: ${Object.keys(INTERNET_HOSTS).length} hosts with DNS, TLS and registries`);
    const directory = runDirectory(instance);
    mkdirSync(directory, { recursive: true });
    const tokenCertificate = join(directory, "tokens.pem");
    writeFileSync(tokenCertificate, tls.tokenSigner.certificate);
    await Promise.all([
        ...(Object.keys(REGISTRIES) as InternetHost[]).map(async host => {
            const config = join(directory, `registry-${host}.json`);
            writeFileSync(config, registryConfig(host, { storage, tokenCertificate }));
            const argv = insideNamespace(instance, "internet", [REGISTRY_PROGRAM, "serve", config]);
            await startDaemon(instance, { name: `internet-registry-${host}`, argv });
        }),
        applyInternet(instance, scenario),
    ]);
}

/** Makes the internet's hosts behave as the scenario says. Connections that are open end. */
export async function applyInternet(instance: string, scenario: Scenario): Promise<void> {
    const config = join(runDirectory(instance), "server.json");
    writeFileSync(config, JSON.stringify({ scenario, tlsFile: labTlsFile() }));
    const addresses = [...Object.values(internetAddresses(scenario.internet.addressSeed)), DNS_SERVER];
    await ipBatch(
        instance,
        "internet",
        addresses.flatMap(({ ipv4, ipv6 }) => [
            `addr replace ${ipv4}/32 dev lo`,
            `addr replace ${ipv6}/128 dev lo nodad`,
        ]),
    );
    await setSysctls(instance, "internet", {
        "net.ipv4.tcp_mtu_probing": scenario.internet.tcpMtuProbing ? 1 : 0,
        "net.ipv4.tcp_no_metrics_save": 1,
    });
    await must("set the internet's unreachable hosts", insideNamespace(instance, "internet", ["nft", "-f", "-"]), {
        stdin: faultRules(scenario),
    });
    await startDaemon(instance, {
        name: "internet-server",
        argv: insideNamespace(instance, "internet", [process.execPath, SERVER, config]),
        readyLine: "ready",
    });
}

/** Ends every process of the internet and removes its namespace. */
export async function stopInternet(instance: string): Promise<void> {
    await stopDaemons(instance, "internet-");
    await deleteNamespace(instance, "internet");
}

function runDirectory(instance: string): string {
    return join(labPaths(instance).run, "internet");
}

/** Directory with the registries' content, built once for each set of images and read by every lab after. */
async function registryStorage(instance: string, onProgress: (sentence: string) => void): Promise<string> {
    const storage = join(cacheDirectory(), `registries-${imagesDigest(PUBLISHED_IMAGES).slice(0, 12)}`);
    if (existsSync(storage)) return storage;
    onProgress(`internet: building ${PUBLISHED_IMAGES.length} images and pushing them to their registries, once`);
    mkdirSync(dirname(storage), { recursive: true });
    const staging = mkdtempSync(`${storage}.`);
    try {
        const argv = insideNamespace(instance, "internet", [process.execPath, PUBLISH, staging]);
        await must("fill the lab's registries", argv);
        if (!existsSync(storage)) renameSync(staging, storage);
    } finally {
        rmSync(staging, { recursive: true, force: true });
    }
    return storage;
}
