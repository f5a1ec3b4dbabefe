// All hosts of the lab's internet in one process: DNS, and HTTPS for every name on its own addresses.
//   node server.ts CONFIG    (a JSON object, as internet.ts writes it)
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { EndpointFault, Scenario } from "../scenario.ts";
import { INTERNET_HOSTS, type InternetHost } from "../topology.ts";
import { internetAddresses } from "./addresses.ts";
import type { LabTls } from "./certificates.ts";
import { registryAnswers } from "./distribution.ts";
import { startDns } from "./dns.ts";
import { dopplerSite } from "./dopplerSite.ts";
import { draws } from "./draw.ts";
import { REGISTRIES } from "./hosts.ts";
import { registrySite } from "./registrySite.ts";
import { answerJson, type Site } from "./site.ts";

const KEEP_ALIVE_MS = 60_000;

/** A site as the scenario wants it: late, or failing for a share of its requests. */
function withFault(site: Site, { failPercent, status, delayMs }: EndpointFault, seed: string): Site {
    const draw = draws(seed);
    return exchange => {
        const fails = draw() * 100 < failPercent;
        const answer = () => (fails ? answerJson(exchange, status, errorBody(status)) : site(exchange));
        if (delayMs > 0) setTimeout(answer, delayMs);
        else answer();
    };
}

/** The error both kinds of API put into words: registries in `errors`, Doppler in `messages`. */
function errorBody(status: number) {
    const code = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" }[status] ?? "UNAVAILABLE";
    const message = `the service answered ${status}`;
    return { errors: [{ code, message }], success: false, messages: [message] };
}

async function serve(host: InternetHost, scenario: Scenario, tls: LabTls): Promise<void> {
    const fault = scenario.internet.endpoints[host];
    const healthy = host === "api.doppler.com" ? dopplerSite : registrySite(host, tls);
    const site = fault ? withFault(healthy, fault, `${scenario.seed}/${host}`) : healthy;
    const { ipv4, ipv6 } = internetAddresses(scenario.internet.addressSeed)[host];
    for (const address of [ipv4, ipv6]) {
        const server = createServer({ key: tls.key, cert: tls.chains[host]![fault?.tls ?? "valid"] });
        server.on("request", (request, response) => {
            const url = URL.parse(request.url ?? "/", `https://${host}`);
            if (url) site({ url, request, response });
            else response.writeHead(400).end();
        });
        server.keepAliveTimeout = KEEP_ALIVE_MS;
        server.listen(443, address);
        await once(server, "listening");
    }
}

const { scenario, tlsFile } = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as {
    scenario: Scenario;
    tlsFile: string;
};
const tls = JSON.parse(readFileSync(tlsFile, "utf8")) as LabTls;
await Promise.all([
    startDns(scenario),
    ...(Object.keys(INTERNET_HOSTS) as InternetHost[]).map(host => serve(host, scenario, tls)),
    ...(Object.keys(REGISTRIES) as InternetHost[]).map(registryAnswers),
]);
process.stdout.write("ready\n");
