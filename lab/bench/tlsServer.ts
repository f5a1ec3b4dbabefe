// A TLS server with the certificate chain of one of the lab's registries, on every address of its namespace.
//   node tlsServer.ts FILE    (the lab's keys and certificates, as lab/tls.ts keeps them)
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { LabTls } from "../network/internet/certificates.ts";

const tls = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as LabTls;
const server = createServer({ key: tls.key, cert: tls.chains["ghcr.io"]!.valid }, (_, response) => response.end());
server.listen(443, "::");
await once(server, "listening");
process.stdout.write("ready\n");
