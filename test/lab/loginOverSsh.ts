// Logs in with the connection read from standard input and prints the host's name: started inside the runner's namespace.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import type { LabConnection } from "../../lab/network/lab.ts";

const { host, port, user, privateKeyPath, hostKey } = JSON.parse(readFileSync(0, "utf8")) as LabConnection;
const expected = Buffer.from(hostKey.split(" ")[1]!, "base64");
const client = new ssh2.Client();
client.on("error", error => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
client.on("ready", () => {
    client.exec("hostname", (_error, channel) => {
        channel.pipe(process.stdout);
        channel.on("close", () => client.end());
    });
});
client.connect({
    host,
    port,
    username: user,
    privateKey: readFileSync(privateKeyPath),
    hostVerifier: (key: Buffer) => key.equals(expected),
});
