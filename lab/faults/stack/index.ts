import * as pulumi from "@pulumi/pulumi";
import { File } from "../../../provider/resources/file.ts";
import { LinkMtu } from "../../../provider/resources/linkMtu.ts";
import { NftTable } from "../../../provider/resources/nftTable.ts";
import { Registries } from "../../../provider/resources/registries.ts";
import { SystemdUnit } from "../../../provider/resources/systemdUnit.ts";
import type { FaultStackConfig } from "../faultStack.ts";

const { hosts, generation, link, confirmSeconds, cut } = new pulumi.Config().requireObject<FaultStackConfig>("stack");
const [first, second] = hosts;

const clamp = (mss: number) => `chain forward {
    type filter hook forward priority mangle;
    tcp flags syn / syn,rst tcp option maxseg size set ${mss}
}
`;

if (generation > 0) {
    new File(`${first.name}-adopted`, {
        connection: first.connection,
        path: "/etc/motd",
        content: `generation ${generation}\n`,
        adopt: true,
    });
    for (const { name, connection } of hosts) {
        new LinkMtu(`${name}-mtu`, { connection, link, mtu: 1400 - 10 * generation, confirmSeconds });
        new NftTable(`${name}-clamp`, {
            connection,
            table: "faults",
            content: clamp(1340 - generation),
            confirmSeconds,
        });
    }
    new File(`${second.name}-deep`, {
        connection: second.connection,
        path: "/etc/lab-faults/deep/note",
        content: `it's $(generation) ${generation}\n`,
    });
    new Registries(`${second.name}-registries`, {
        connection: second.connection,
        registries: { mirrors: { "images.example.org": { endpoint: [`https://mirror-${generation}.example.org`] } } },
    });
    new SystemdUnit(`${second.name}-unit`, {
        connection: second.connection,
        unit: "lab-faults.service",
        content: `[Service]\nExecStart=/bin/sleep 1000${generation}\n[Install]\nWantedBy=multi-user.target\n`,
    });
}
if (cut !== undefined) {
    new NftTable(`${first.name}-cut`, { connection: first.connection, table: "cut", content: cut, confirmSeconds });
}
