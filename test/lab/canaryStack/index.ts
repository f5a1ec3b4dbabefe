import * as pulumi from "@pulumi/pulumi";
import { File } from "../../../provider/resources/file.ts";
import { LinkMtu } from "../../../provider/resources/linkMtu.ts";
import { Registries } from "../../../provider/resources/registries.ts";

/** What the test plants, by what it is. */
export interface Canaries {
    host: string;
    hostKey: string;
    privateKey: string;
    password: string;
    token: string;
    registryPassword: string;
}

const canaries = JSON.parse(process.env.CANARIES!) as Canaries;
const { host, hostKey } = canaries;
const connection = {
    host,
    hostKey,
    perDialTimeout: 5,
    privateKey: pulumi.secret(canaries.privateKey),
    password: pulumi.secret(canaries.password),
};

const token = new File("token", {
    connection,
    path: "/etc/doppler-token",
    content: pulumi.secret(`${canaries.token}\n`),
    mode: "0600",
});
new LinkMtu("mtu", { connection, link: "eth0", mtu: 1400 });
new Registries("registries", {
    connection,
    registries: {
        mirrors: { "docker.io": { endpoint: ["https://cache.example:5000"] } },
        configs: {
            "cache.example:5000": {
                auth: { username: "puller", password: pulumi.secret(canaries.registryPassword) },
            },
        },
    },
});

export const writtenAt = token.appliedAt;
