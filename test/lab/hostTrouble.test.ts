import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type HostFingerprint, type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { ProviderInRunner } from "./providerInRunner.ts";

const instance = "troubletest";
const FILE = "clearpath:host:File";
const TABLE = "clearpath:host:NftTable";
const LINK = "clearpath:host:LinkMtu";
const CLAMP = "chain forward { type filter hook forward priority mangle; counter; }\n";

/** Rules as Docker, kube-router and Proxmox's firewall leave them, and a table somebody made by hand. */
const FOREIGN = `
table ip nat { chain DOCKER { }; chain POSTROUTING { type nat hook postrouting priority 100; ip saddr 172.17.0.0/16 masquerade; }; }
table ip filter { chain DOCKER-USER { return; }; chain KUBE-ROUTER-FORWARD { accept; }; chain FORWARD { type filter hook forward priority 0; policy accept; jump DOCKER-USER; jump KUBE-ROUTER-FORWARD; }; }
table inet proxmox-firewall { set ipam { type ipv4_addr; elements = { 10.27.27.11 }; }; chain forward { type filter hook forward priority 0; policy accept; }; }
table inet mine { chain input { type filter hook input priority 0; tcp dport 9999 drop; }; }
`;

let lab: Lab;
let provider: ProviderInRunner;
let before: HostFingerprint;
beforeAll(async () => {
    lab = await labUp({ instance, scenario: parseScenario({}), workers: 0, onProgress: () => {} });
    provider = new ProviderInRunner(lab);
});
afterAll(async () => {
    await provider?.stop();
    await labDown(instance);
});
beforeEach(async () => {
    before = await lab.fingerprint("cp1");
});

const sh = async (script: string) => {
    const { code, stdout, stderr } = await lab.exec("cp1", ["sh", "-c", script]);
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout.trim();
};
const on = (token: string) => provider.resource(token, lab.connection("cp1"));
const records = () => sh("ls -A /var/lib/clearpath 2>/dev/null || :");

test("rules of others are neither changed nor taken for ours", async () => {
    await lab.exec("cp1", ["nft", "-f", "-"], { stdin: FOREIGN });
    const foreign = await lab.fingerprint("cp1");
    const table = on(TABLE);

    await table.create({ table: "clearpath", content: CLAMP });
    await table.update({ table: "clearpath", content: CLAMP.replace("counter", "accept") });
    await expect(on(TABLE).create({ table: "mine", content: CLAMP })).rejects.toThrow(
        "table inet mine is there and is not Clearpath's. Nothing was changed. Choose another name, or set adopt: true",
    );
    const adopted = on(TABLE);
    await adopted.create({ table: "mine", content: CLAMP, adopt: true });
    await adopted.delete();
    await table.delete();

    expect(await lab.fingerprint("cp1")).toEqual(foreign);
    for (const name of ["ip nat", "ip filter", "inet proxmox-firewall", "inet mine"])
        await sh(`nft delete table ${name}`);
});

test.each([
    ["a file", FILE, { path: "/etc/clearpath-note", content: "x" }],
    ["a table", TABLE, { table: "clearpath", content: CLAMP }],
    ["an MTU", LINK, { link: "eth0", mtu: 1400 }],
])("a read-only /etc refuses %s, says so, and keeps nothing of the try", async (_, token, args) => {
    await sh("mount --bind /etc /etc && mount -o remount,ro,bind /etc");
    const refused = on(token).create(args);
    await expect(refused).rejects.toThrow(/10\.27\.27\.11: .*Read-only file system/s);
    await sh("umount /etc");

    expect(await lab.fingerprint("cp1")).toEqual(before);
    expect(await records()).toBe("");
});

test("a full disk refuses a file, says so, and leaves the one that was there", async () => {
    await sh("mkdir /mnt/full && mount -t tmpfs -o size=64k full /mnt/full && echo found >/mnt/full/note");
    const content = "x".repeat(100_000);

    await expect(on(FILE).create({ path: "/mnt/full/note", content, adopt: true })).rejects.toThrow(
        /\/mnt\/full\/note could not be written: .*No space left on device.*It is as it was/s,
    );

    expect(await sh("ls -A /mnt/full; cat /mnt/full/note")).toBe("note\nfound");
    expect(await records()).toBe("");
    await sh("umount /mnt/full && rmdir /mnt/full");
    expect(await lab.fingerprint("cp1")).toEqual(before);
});

test("a full disk under our records refuses a change before it is made", async () => {
    await sh("mkdir -p /var/lib/clearpath && mount -t tmpfs -o size=16k full /var/lib/clearpath");
    await sh("head -c 16384 /dev/zero >/var/lib/clearpath/filler || :");
    for (const [token, args] of [
        [FILE, { path: "/etc/clearpath-note", content: "x" }],
        [TABLE, { table: "clearpath", content: CLAMP }],
        [LINK, { link: "eth0", mtu: 1400 }],
    ] as const)
        await expect(on(token).create(args)).rejects.toThrow(/10\.27\.27\.11: .*No space left on device/s);
    await sh("umount /var/lib/clearpath && rmdir /var/lib/clearpath");

    expect(await lab.fingerprint("cp1")).toEqual(before);
});
