import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type HostFingerprint, type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { ProviderInRunner } from "./providerInRunner.ts";

const instance = "providertest";
const FILE = "clearpath:host:File";
const TABLE = "clearpath:host:NftTable";
const LINK = "clearpath:host:LinkMtu";
const UNIT = "clearpath:host:SystemdUnit";

const CLAMP = `chain forward {
    type filter hook forward priority mangle;
    tcp flags syn / syn,rst counter tcp option maxseg size set 1340
}
`;
const NO_SSH = "chain input { type filter hook input priority -300; tcp dport 22 counter drop; }\n";
const NO_NEW_SSH = "chain input { type filter hook input priority -300; tcp dport 22 ct state new drop; }\n";
/** A host's timer runs out, and what it starts needs its turn. */
const PATIENTLY = { timeout: 60_000 };

describe("the plugin on real hosts", () => {
    let lab: Lab;
    let provider: ProviderInRunner;

    beforeAll(async () => {
        lab = await labUp({ instance, scenario: parseScenario({}), workers: 3, onProgress: () => {} });
        provider = new ProviderInRunner(lab);
    });
    afterAll(async () => {
        await provider?.stop();
        await labDown(instance);
    });

    const sh = async (host: string, script: string) => {
        const { code, stdout, stderr } = await lab.exec(host, ["sh", "-c", script]);
        if (code !== 0) throw new Error(`${host}: ${script}: ${stderr}`);
        return stdout.trim();
    };
    const on = (token: string, host: string, change = {}) =>
        provider.resource(token, { ...lab.connection(host), ...change });
    const reachingGhcr = (host: string) => [
        { name: host, connection: lab.connection(host), endpoints: [{ host: "ghcr.io", port: 443 }] },
    ];
    const liveMtu = async (host: string, link = "eth0") => Number(await sh(host, `cat /sys/class/net/${link}/mtu`));

    describe.each([
        { host: "pve", link: "vmbr1", manager: "ifupdown2" },
        { host: "cp1", link: "eth0", manager: "netplan" },
        { host: "worker1", link: "eth0", manager: "networkd" },
        { host: "worker2", link: "eth0", manager: "ifupdown2" },
        { host: "worker3", link: "eth0", manager: "ifupdown" },
    ])("with $manager on $host", ({ host, link, manager }) => {
        test("sets an MTU, live and at boot, repairs it, and puts the host back as it was", async () => {
            const before = await lab.fingerprint(host);
            const mtu = on(LINK, host);

            const { properties } = await mtu.create({ link, mtu: 1400 });
            expect(properties).toMatchObject({ foundMtu: 1500, manager, alreadyRight: false, atBoot: true });
            expect(await liveMtu(host, link)).toBe(1400);

            await sh(host, `ip link set dev ${link} mtu 1450`);
            expect((await mtu.refresh())?.inputs.mtu).toBe(1450);
            expect(await mtu.changes({ link, mtu: 1400 })).toEqual(["mtu"]);
            await mtu.update({ link, mtu: 1400 });
            await mtu.refresh();
            expect(await mtu.changes({ link, mtu: 1400 })).toEqual([]);

            if (host === "pve") {
                // The lab writes the gateway's bridges at each boot.
                expect(await sh(host, `ifquery ${link}`)).toContain("mtu 1400");
            } else {
                await lab.reboot(host);
                expect(await liveMtu(host, link)).toBe(1400);
            }

            await mtu.delete();
            expect(await lab.fingerprint(host)).toEqual(before);
        });
    });

    test("goes on with a host's other resources while its MTU changes", async () => {
        const before = await lab.fingerprint("cp1");
        let changing = true;
        const keepWriting = async (path: string) => {
            const file = on(FILE, "cp1");
            await file.create({ path, content: "" });
            let rounds = 0;
            // More than a packet, so that a connection from before the change cannot carry it.
            while (changing) await file.update({ path, content: `${++rounds}\n`.padEnd(5_000, "x") });
            await file.delete();
            return rounds;
        };
        const names = ["one", "two", "three", "four", "five", "six"];
        const writing = Promise.all(names.map(name => keepWriting(`/etc/clearpath-${name}`)));

        const link = on(LINK, "cp1");
        const mtus = [1420, 1380, 1340, 1300];
        try {
            await link.create({ link: "eth0", mtu: 1460 });
            for (const mtu of mtus) await link.update({ link: "eth0", mtu });
        } finally {
            changing = false;
            await writing;
        }
        await link.delete();

        expect(Math.min(...(await writing))).toBeGreaterThan(mtus.length);
        expect(await lab.fingerprint("cp1")).toEqual(before);
    });

    test("keeps a table of its own, live and at boot, and leaves the host's others alone", async () => {
        const before = await lab.fingerprint("pve");
        const table = on(TABLE, "pve");

        await table.create({ table: "clearpath", content: CLAMP });
        expect(await sh("pve", "nft list table inet clearpath")).toContain("maxseg size set 1340");

        await sh("pve", "nft delete table inet clearpath");
        await table.refresh();
        expect(await table.changes({ table: "clearpath", content: CLAMP })).toEqual(["content"]);
        await table.update({ table: "clearpath", content: CLAMP });

        await sh("pve", "nft add rule inet clearpath forward accept");
        expect((await table.refresh())?.inputs.content).toContain("accept");
        await table.update({ table: "clearpath", content: CLAMP });
        await table.refresh();
        expect(await table.changes({ table: "clearpath", content: CLAMP })).toEqual([]);

        await lab.reboot("pve");
        await table.refresh();
        expect(await table.changes({ table: "clearpath", content: CLAMP })).toEqual([]);

        await sh("pve", "systemctl disable clearpath-nft-inet-clearpath.service");
        await table.refresh();
        expect(await table.changes({ table: "clearpath", content: CLAMP })).toEqual(["atBoot"]);

        await table.delete();
        expect(await lab.fingerprint("pve")).toEqual(before);
    });

    test("keeps a file, and puts the one it took over back", async () => {
        const before = await lab.fingerprint("cp1");
        const motd = on(FILE, "cp1");

        await expect(motd.create({ path: "/etc/motd", content: "x" })).rejects.toThrow("is not Clearpath's");
        await motd.create({ path: "/etc/motd", content: "hello\n", adopt: true, mode: "0600" });
        expect(await sh("cp1", "stat -c %a /etc/motd; cat /etc/motd")).toBe("600\nhello");
        await sh("cp1", "chmod 644 /etc/motd");
        await motd.refresh();
        expect(await motd.changes({ path: "/etc/motd", content: "hello\n", adopt: true, mode: "0600" })).toEqual([
            "mode",
        ]);
        await motd.delete();

        const deep = on(FILE, "cp1");
        await deep.create({ path: "/etc/a/b/it's here", content: "$(reboot) 'quoted' \\n\n\n" });
        expect((await deep.refresh())?.inputs.content).toBe("$(reboot) 'quoted' \\n\n\n");
        await deep.delete();

        expect(await lab.fingerprint("cp1")).toEqual(before);
    });

    test("keeps a unit running and enabled, and takes a broken one back", async () => {
        const before = await lab.fingerprint("cp1");
        const unit = on(UNIT, "cp1");
        const good = {
            unit: "sleeper.service",
            content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
        };

        await unit.create(good);
        expect(await sh("cp1", "systemctl is-enabled sleeper; systemctl is-active sleeper")).toBe("enabled\nactive");
        await sh("cp1", "systemctl disable --quiet --now sleeper");
        await unit.refresh();
        expect(await unit.changes(good)).toEqual(["enabled", "running"]);
        await unit.update(good);
        const broken = { ...good, content: good.content.replace("/bin/sleep", "/bin/false") };
        await expect(unit.update(broken)).rejects.toThrow("Everything is as it was");
        expect(await sh("cp1", "systemctl is-active sleeper")).toBe("active");

        await unit.delete();
        expect(await lab.fingerprint("cp1")).toEqual(before);
    });

    test("leaves an MTU alone that someone else has set right", async () => {
        await sh("worker1", "ip link set dev eth0 mtu 1400");
        const before = await lab.fingerprint("worker1");
        const mtu = on(LINK, "worker1");

        const { properties } = await mtu.create({ link: "eth0", mtu: 1400 });
        expect(properties).toMatchObject({ alreadyRight: true, foundMtu: 1400 });
        await mtu.delete();

        expect(await lab.fingerprint("worker1")).toEqual(before);
        await sh("worker1", "ip link set dev eth0 mtu 1500");
    });

    test("leaves a thing alone that another resource has taken over since, as after a rename", async () => {
        const before = await lab.fingerprint("cp1");
        const old = on(FILE, "cp1");
        const renamed = provider.resource(FILE, lab.connection("cp1"), "renamed");
        await old.create({ path: "/etc/clearpath-note", content: "1" });

        await renamed.create({ path: "/etc/clearpath-note", content: "2" });
        expect((await provider.messages()).join()).toContain("taken over");
        await old.delete();
        expect(await sh("cp1", "cat /etc/clearpath-note")).toBe("2");

        await renamed.delete();
        expect(await lab.fingerprint("cp1")).toEqual(before);
    });

    describe("a change that cuts the host off", () => {
        test("is taken back by the host itself, and fails saying so", async () => {
            const before = await lab.fingerprint("pve");
            const table = on(TABLE, "pve", { perDialTimeout: 5 });

            await expect(table.create({ table: "cutoff", content: NO_SSH, confirmSeconds: 10 })).rejects.toThrow(
                /pve|192\.168\.77\.2.*could not set table inet cutoff.*has taken the change back by itself after 10 s: everything is as it was/s,
            );

            expect(await lab.fingerprint("pve")).toEqual(before);
        });

        test("is taken back at once while the old connection still works", async () => {
            const before = await lab.fingerprint("pve");
            const table = on(TABLE, "pve", { perDialTimeout: 5 });

            // The host's own timer would say that the host has taken it back by itself.
            await expect(table.create({ table: "cutoff", content: NO_NEW_SSH, confirmSeconds: 10 })).rejects.toThrow(
                "The change was taken back: everything is as it was",
            );

            expect(await lab.fingerprint("pve")).toEqual(before);
        });

        test("is found missing when the host reboots before the confirmation", async () => {
            const before = await lab.fingerprint("worker2");
            const table = on(TABLE, "worker2", { perDialTimeout: 5 });
            const creating = table.create({ table: "cutoff", content: NO_SSH, confirmSeconds: 40 }).catch(String);
            await expect.poll(() => sh("worker2", "nft list tables"), { timeout: 30_000 }).toContain("cutoff");

            await lab.reboot("worker2");

            // The boot comes right after the change, or while it is still being written down that it was made.
            expect(await creating).toMatch(
                /table inet cutoff disappeared right after|restarted while the change was made/,
            );
            expect(await lab.fingerprint("worker2")).toEqual(before);
        });

        test("or hosts behind it, for large packets alone, is taken back", async () => {
            const before = await lab.fingerprint("pve");
            const table = on(TABLE, "pve");
            const witnesses = [
                {
                    name: "cp1",
                    connection: lab.connection("cp1"),
                    endpoints: [
                        { host: "ghcr.io", port: 443 },
                        { host: "nobody.example", port: 443 },
                    ],
                },
                { name: "gone", connection: { ...lab.connection("cp1"), host: "10.27.27.99" }, endpoints: [] },
            ];
            const content =
                "chain forward { type filter hook forward priority 0; tcp sport 443 meta length > 600 drop; }\n";
            await provider.messages();

            await expect(table.create({ table: "cutoff", content, witnesses })).rejects.toThrow(
                /could not set table inet cutoff: cp1 reached ghcr.io:443 over IPv4 before.*and no longer does. The change was taken back: everything is as it was/,
            );

            expect((await provider.messages()).join("\n")).toContain("gone is not asked what it reaches");
            expect(await lab.fingerprint("pve")).toEqual(before);
        });

        test("or hosts behind it, so that nobody reaches them, is taken back", async () => {
            const before = await lab.fingerprint("pve");
            const table = on(TABLE, "pve");
            const content =
                "chain forward { type filter hook forward priority 0; ip daddr 10.27.27.11 tcp dport 22 drop; }\n";

            await expect(table.create({ table: "cutoff", content, witnesses: reachingGhcr("cp1") })).rejects.toThrow(
                /could not set table inet cutoff: cp1 itself could be reached before .*, and no longer does. The change was taken back/,
            );

            expect(await lab.fingerprint("pve")).toEqual(before);
        });

        test("but not one after which they are slow to answer", async () => {
            const before = await lab.fingerprint("pve");
            // One login is let in, the next not before 10 s have passed.
            await sh(
                "cp1",
                "nft -f - <<'END'\ntable inet slow { chain input { type filter hook input priority 0; tcp dport 22 tcp flags syn limit rate 6/minute burst 1 packets accept; tcp dport 22 tcp flags syn counter drop; }; }\nEND",
            );
            const table = on(TABLE, "pve");
            const content = "chain forward { type filter hook forward priority 0; }\n";

            await table.create({ table: "harmless", content, witnesses: reachingGhcr("cp1") });

            expect(await sh("cp1", "nft list table inet slow")).toMatch(/counter packets [1-9]/);
            await table.delete();
            await sh("cp1", "nft delete table inet slow");
            expect(await lab.fingerprint("pve")).toEqual(before);
        });

        test("or itself, by an MTU that the way does not carry, and goes on over a connection that works", async () => {
            await sh(
                "pve",
                "nft -f - <<'END'\ntable inet narrow { chain forward { type filter hook forward priority 0; ip saddr 10.27.27.21 tcp dport 443 meta length > 1400 drop; }; }\nEND",
            );
            const before = await lab.fingerprint("worker1");
            const mtu = on(LINK, "worker1");
            await mtu.create({ link: "eth0", mtu: 1400 });

            await expect(mtu.update({ link: "eth0", mtu: 1500, witnesses: reachingGhcr("worker1") })).rejects.toThrow(
                /could not set the MTU of eth0 to 1500: worker1 reached ghcr.io:443 over IPv4 before, and no longer does. The change was taken back/,
            );

            expect(await liveMtu("worker1")).toBe(1400);
            const file = on(FILE, "worker1");
            await file.create({ path: "/etc/after", content: "x".repeat(20_000) });
            await file.delete();
            await mtu.delete();
            await sh("pve", "nft delete table inet narrow");
            expect(await lab.fingerprint("worker1")).toEqual(before);
        });

        test("but not one under which they go on, even in the shortest window, nor is anybody asked on delete", async () => {
            const before = await lab.fingerprint("worker1");
            const gone = { name: "gone", connection: { ...lab.connection("cp1"), host: "10.27.27.99" }, endpoints: [] };
            const witnesses = [...reachingGhcr("worker1"), gone];
            const mtu = on(LINK, "worker1");
            await provider.messages();
            const { properties } = await mtu.create({ link: "eth0", mtu: 1400, confirmSeconds: 10, witnesses });
            expect(properties).not.toHaveProperty("witnesses");
            const told = (await provider.messages()).join("\n");
            expect(told).toContain("gone is not asked what it reaches");
            expect(told).not.toContain("worker1 is not asked");
            expect(await mtu.changes({ link: "eth0", mtu: 1400, confirmSeconds: 10 })).toEqual([]);
            await mtu.delete();
            expect((await provider.messages()).join("\n")).not.toContain("is not asked");
            expect(await lab.fingerprint("worker1")).toEqual(before);
        });

        describe("from a run that ends before it is confirmed", () => {
            let another: ProviderInRunner;
            let before: HostFingerprint;
            beforeEach(async () => {
                another = new ProviderInRunner(lab);
                before = await lab.fingerprint("worker1");
            });

            const cutOff = (content: string) => {
                const connection = { ...lab.connection("worker1"), perDialTimeout: 5 };
                const table = another.resource(TABLE, connection);
                return table.create({ table: "cutoff", content, confirmSeconds: 15 }).catch(String);
            };
            const isThere = () => expect.poll(() => sh("worker1", "nft list tables"), PATIENTLY).toContain("cutoff");
            const isBackAsItWas = () => expect.poll(() => lab.fingerprint("worker1"), PATIENTLY).toEqual(before);
            /** Kills the plugin once the change is in force. */
            const killedIn = async (content: string) => {
                const creating = cutOff(content);
                await isThere();
                await another.call("kill");
                await creating;
                await another.close();
            };

            test("is taken back by the host when the plugin is killed", async () => {
                await killedIn(NO_SSH);

                await isBackAsItWas();
            });

            test("is taken back by the host after a reboot too", async () => {
                await killedIn(NO_SSH);

                await lab.reboot("worker1");

                expect(await sh("worker1", "systemctl is-active clearpath-revert.timer")).toBe("active");
                await isBackAsItWas();
                await expect.poll(() => sh("worker1", "ls /var/lib"), PATIENTLY).not.toContain("clearpath");
            });

            test("is taken back by the host while a step that hangs holds its lock, which is closed to others", async () => {
                await killedIn(NO_SSH);
                await sh("worker1", "setsid flock /run/clearpath.lock sleep 120 </dev/null >/dev/null 2>&1 &");

                try {
                    expect(await sh("worker1", "stat -c '%a %U' /run/clearpath.lock")).toBe("600 root");
                    await isBackAsItWas();
                } finally {
                    await sh("worker1", "pkill -x sleep");
                }
            });

            test("is tried to be taken back until it can be, and the next change says why it waits for nobody", async () => {
                await killedIn("chain input { type filter hook input priority 300; }\n");
                const old = "/var/lib/clearpath/pending/old.nft";
                await sh("worker1", `cp ${old} /run/old.nft && echo nonsense >${old}`);
                const lastResult = () => sh("worker1", "systemctl show -p Result --value clearpath-revert.service");
                await expect.poll(lastResult, PATIENTLY).toBe("exit-code");

                await expect(on(TABLE, "worker1").create({ table: "next", content: CLAMP })).rejects.toThrow(
                    "an earlier change that nobody confirmed cannot be taken back. Nothing was changed.",
                );

                await sh("worker1", `mv /run/old.nft ${old}`);
                await isBackAsItWas();
            });

            test("is taken back at once when the run is cancelled", async () => {
                const creating = cutOff(NO_NEW_SSH);
                await isThere();

                await another.stop();

                expect(await creating).toContain("the run was cancelled. The change was taken back");
                expect(await lab.fingerprint("worker1")).toEqual(before);
            });
        });

        test("is an MTU too small to talk over, and is put back", async () => {
            await sh("worker2", "ip -6 addr flush dev eth0 scope global");
            const mtu = on(LINK, "worker2", { perDialTimeout: 5 });

            await expect(mtu.create({ link: "eth0", mtu: 68, confirmSeconds: 10 })).rejects.toThrow("as it was");

            expect(await liveMtu("worker2")).toBe(1500);
            await lab.reboot("worker2");
        });
    });

    describe("an impossible MTU is refused", () => {
        test.each([
            [{ link: "eth7", mtu: 1400 }, "the host has no link of this name"],
            [{ link: "eth0", mtu: 1200 }, "would lose its IPv6 addresses"],
            [{ link: "lo", mtu: 1400 }, "NetworkManager configures lo at boot"],
        ])("%o", async (args, reason) => {
            const before = await lab.fingerprint("cp1");
            await expect(on(LINK, "cp1").create(args)).rejects.toThrow(reason);
            expect(await lab.fingerprint("cp1")).toEqual(before);
        });

        test("on a bridge whose ports take less", async () => {
            await expect(on(LINK, "pve").create({ link: "vmbr1", mtu: 9000 })).rejects.toThrow(
                "it is a bridge, and its port",
            );
        });
    });

    describe("a host that cannot be worked on", () => {
        const args = { path: "/etc/never", content: "" };

        test.each([
            ["does not exist", { host: "10.27.27.99", perDialTimeout: 2 }, "no TCP connection to port 22"],
            ["has no SSH server there", { port: 23 }, "nothing listens on TCP port 23"],
            [
                "shows another key",
                { hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINnCfY/aWEkcglEG6VhLcQtpGns48MIXaA0NagKdmOGA" },
                "it shows the host key SHA256:",
            ],
            [
                "has an unknown key",
                { hostKey: undefined, knownHostsPath: "/nonexistent" },
                "has no host key for this host",
            ],
            ["refuses the password", { privateKeyPath: undefined, password: "wrong" }, "the password"],
            ["refuses the user", { user: "nobody" }, "for user nobody"],
        ])("because it %s is reported with that reason", async (_, change, reason) => {
            await expect(on(FILE, "cp1", change).create(args)).rejects.toThrow(reason);
        });

        test("because its SSH server is stuck is not taken for gone", async () => {
            const note = on(FILE, "worker2", { perDialTimeout: 3 });
            await note.create({ path: "/etc/clearpath-note", content: "" });
            const before = await lab.fingerprint("worker2");
            await sh("worker2", "systemctl kill --kill-whom=main -s STOP ssh");
            // The connection that is open works: what counts is a new run's.
            const next = new ProviderInRunner(lab);
            const stuck = "the SSH connection to port 22 could not be set up";
            const state = structuredClone(note.state);
            const urn = "urn:pulumi:dev::clearpath::clearpath:host:File::it";

            await expect(next.call("read", urn, state)).rejects.toThrow(stuck);
            await expect(next.call("delete", urn, state)).rejects.toThrow(stuck);

            await next.close();
            await sh("worker2", "systemctl kill --kill-whom=main -s CONT ssh");
            expect(await lab.fingerprint("worker2")).toEqual(before);
            await note.delete();
        });

        test("because another host has taken its address is told from one that was rebuilt", async () => {
            const note = on(FILE, "worker1");
            await note.create({ path: "/etc/clearpath-note", content: "worker1" });
            const both = () => Promise.all([lab.fingerprint("worker1"), lab.fingerprint("worker2")]);
            const before = await both();
            const address = lab.connection("worker1").host;
            const [take, leave] = [`ip addr add ${address}/24 dev eth0`, `ip addr del ${address}/24 dev eth0`];
            await sh("worker1", leave);
            await sh("worker2", take);
            await sh("runner", "ip neigh flush all");
            await sh("pve", "ip neigh flush all");
            const next = new ProviderInRunner(lab);
            const urn = "urn:pulumi:dev::clearpath::clearpath:host:File::it";
            const state = structuredClone(note.state);

            const another = "it shows the host key SHA256:";
            await expect(next.call("read", urn, state)).rejects.toThrow(another);
            await expect(next.call("update", urn, state, { ...state.inputs, content: "x" })).rejects.toThrow(another);
            await expect(next.call("delete", urn, state)).rejects.toThrow(another);
            // Whoever verifies no key is still kept from the wrong machine by its machine-id.
            const trusting = structuredClone(state);
            const { hostKey: _, ...connection } = lab.connection("worker1");
            trusting.inputs.connection = { ...connection, insecureIgnoreHostKey: true };
            await expect(next.call("update", urn, trusting, { ...trusting.inputs, content: "x" })).rejects.toThrow(
                "it was rebuilt: its machine-id was",
            );
            await next.call("delete", urn, trusting);

            await next.close();
            await sh("worker2", leave);
            await sh("worker1", take);
            await sh("runner", "ip neigh flush all");
            await sh("pve", "ip neigh flush all");
            await lab.reboot("worker1");
            await expect.poll(both, PATIENTLY).toEqual(before);
            await note.delete();
        });

        test("because it has no nft is told what to install", async () => {
            const before = await lab.fingerprint("worker2");
            await sh("worker2", "mv /usr/sbin/nft /usr/sbin/nft.away");
            const creating = on(TABLE, "worker2").create({ table: "clearpath", content: CLAMP });
            await expect(creating).rejects.toThrow(
                "the program nft is missing, which is needed to set table inet clearpath. Nothing was changed. Install the package nftables",
            );
            await sh("worker2", "mv /usr/sbin/nft.away /usr/sbin/nft");
            expect(await lab.fingerprint("worker2")).toEqual(before);
        });
    });

    describe("as a user who is not root", () => {
        beforeAll(async () => {
            await sh(
                "cp1",
                "for user in sudoer plain; do useradd -m $user; cp -r /root/.ssh /home/$user/; chown -R $user /home/$user; done; echo 'sudoer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/sudoer",
            );
        });

        test("works through sudo", async () => {
            const note = on(FILE, "cp1", { user: "sudoer" });
            await note.create({ path: "/etc/clearpath-note", content: "x" });
            expect(await sh("cp1", "stat -c %U /etc/clearpath-note")).toBe("root");
            const table = on(TABLE, "cp1", { user: "sudoer" });
            await table.create({ table: "clearpath", content: CLAMP });
            await table.delete();
            await note.delete();
        });

        test("says so when sudo would need a password", async () => {
            const note = on(FILE, "cp1", { user: "plain" });
            await expect(note.create({ path: "/etc/clearpath-note", content: "x" })).rejects.toThrow(
                "user plain may not use sudo without a password",
            );
        });
    });

    test("finds the host's key in a hashed known_hosts file and by a command, and reaches it through a jump host", async () => {
        const { hostKey, ...open } = lab.connection("cp1");
        const file = `/run/clearpath-lab/${instance}/known_hosts`;
        await sh("runner", `echo '${open.host} ${hostKey}' >${file} && ssh-keygen -q -H -f ${file}`);
        const ways = [
            { knownHostsPath: file },
            { hostKeyCommand: `test $CLEARPATH_HOST = ${open.host} && echo '${hostKey}'` },
            { hostKey, proxy: lab.connection("pve") },
        ];
        for (const way of ways) {
            const note = provider.resource(FILE, { ...open, ...way });
            await note.create({ path: "/etc/clearpath-note", content: "" });
            await note.delete();
        }
    });

    test("reads a thing by its id, as an import does, with the connection of the configuration", async () => {
        const mtu = on(LINK, "cp1");
        await provider.call("configure", { ssh: JSON.stringify(lab.connection("cp1")) });

        const found = await mtu.import("root@10.27.27.11:22/link/eth0");

        expect(found?.inputs).toMatchObject({ link: "eth0", mtu: 1500 });
        expect(found?.properties).toMatchObject({ manager: "netplan" });
    });

    test("counts what was on a rebuilt host as gone, and fails no destroy on it", async () => {
        const keyFile = `/run/clearpath-lab/${instance}/worker2.pub`;
        const saveKey = () => sh("runner", `echo '${lab.connection("worker2").hostKey}' >${keyFile}`);
        await saveKey();
        const change = { hostKey: undefined, hostKeyCommand: `cat ${keyFile}` };
        const [one, two] = [on(FILE, "worker2", change), on(FILE, "worker2", change)];
        await one.create({ path: "/etc/one", content: "" });
        await two.create({ path: "/etc/two", content: "" });

        await lab.rebuild("worker2");
        await expect(one.refresh()).rejects.toThrow("If the host was rebuilt, put its new key there");
        await saveKey();

        expect(await one.refresh()).toBeUndefined();
        await two.delete();
        expect((await provider.messages()).join()).toContain("The host was rebuilt");
    });

    test("counts what was on a host that no longer exists as gone", async () => {
        const file = on(FILE, "cp1");
        await file.create({ path: "/etc/clearpath-note", content: "" });
        const lost = structuredClone(file.state);
        Object.assign(lost.inputs.connection as object, { host: "10.27.27.99", perDialTimeout: 2 });

        expect(await provider.call("read", "urn:pulumi:dev::clearpath::clearpath:host:File::it", lost)).toBeUndefined();
        await file.delete();
    });
});
