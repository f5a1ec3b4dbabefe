import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Meeting, meet } from "../../../cli/rebuild/newHosts.ts";
import { newKeyPair } from "../../../lab/network/hosts/identity.ts";

const HOST_KEY = newKeyPair();
const OTHER_KEY = newKeyPair();
const CLIENT_KEY = newKeyPair();

let directory: string;
let server: ssh2.Server;
let port: number;
let logins: number;
let knownHosts: string;
let said: string[];
/** Whether the host answers what it is asked. */
let answers: boolean;
/** Resolves when the host is asked what it is. */
let asked: PromiseWithResolvers<void>;

/** A host that has just been built: it lets the client in and answers what it is asked. */
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "meet-"));
    knownHosts = join(directory, "known_hosts");
    logins = 0;
    said = [];
    asked = Promise.withResolvers();
    answers = true;
    server = new ssh2.Server({ hostKeys: [HOST_KEY.private] }, client => {
        client.on("error", () => {});
        client.on("authentication", context => (context.method === "publickey" ? context.accept() : context.reject()));
        client.on("ready", () => {
            logins++;
            client.on("session", accept =>
                accept().on("exec", acceptExec => {
                    const channel = acceptExec();
                    asked.resolve();
                    if (!answers) return;
                    channel.write("new-machine\n1500\nstopped\n");
                    channel.exit(0);
                    channel.end();
                }),
            );
        });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
    vi.useRealTimers();
    server.close();
    await rm(directory, { recursive: true, force: true });
});

function meeting(changes: Partial<Meeting> = {}): Meeting {
    return {
        node: {
            name: "cp1",
            role: "server",
            link: "eth0",
            connection: {
                host: "127.0.0.1",
                port,
                user: "root",
                privateKey: CLIENT_KEY.private,
                knownHostsPath: knownHosts,
            },
        },
        formerMachineId: "old-machine",
        keepsMachineId: false,
        hostKeyCommand: undefined,
        stackFile: "unused",
        verifiedKeys: join(directory, "verified"),
        directory,
        deadline: Date.now() + 20_000,
        say: line => said.push(line),
        signal: new AbortController().signal,
        ...changes,
    };
}

const lineOf = (key: string) => `[127.0.0.1]:${port} ${key.trim()}\n`;

describe("a new host", () => {
    test("whose key was enrolled is met, and looked at before anything is changed", async () => {
        await writeFile(knownHosts, lineOf(HOST_KEY.public));

        expect(await meet(meeting())).toMatchObject({
            host: { name: "cp1", machineId: "new-machine", linkMtu: 1500, k3s: "stopped", keyFrom: knownHosts },
            retries: [],
        });
    });

    test("whose key nobody vouches for is not logged in to", async () => {
        await writeFile(knownHosts, lineOf(OTHER_KEY.public));

        await expect(meet(meeting())).rejects.toThrow(/cp1: its new host key is not in .*known_hosts/);
        expect(logins).toBe(0);
        expect(await readFile(knownHosts, "utf8")).toBe(lineOf(OTHER_KEY.public));
    });

    test("is met by the key that the plan's command prints, in place of the old one", async () => {
        await writeFile(knownHosts, lineOf(OTHER_KEY.public));
        await writeFile(join(directory, "cp1.127.0.0.1.pub"), HOST_KEY.public);

        const { host, retries } = await meet(meeting({ hostKeyCommand: 'cat "$CLEARPATH_NODE.$CLEARPATH_HOST.pub"' }));

        expect(host.machineId).toBe("new-machine");
        expect(await readFile(knownHosts, "utf8")).toBe(lineOf(HOST_KEY.public));
        expect(retries).toEqual([{ what: "connecting to cp1", count: 1, why: "host-key" }]);
    });

    test("that shows another key than the command prints is never logged in to", async () => {
        await writeFile(join(directory, "key.pub"), OTHER_KEY.public);
        const never = meet(meeting({ hostKeyCommand: "cat key.pub", deadline: Date.now() }));

        await expect(never).rejects.toThrow(/did not come up within.*it shows the host key|has no host key/);
        expect(logins).toBe(0);
    });

    test("with the machine-id of before is the old one, unless the plan says that they keep it", async () => {
        await writeFile(knownHosts, lineOf(HOST_KEY.public));

        await expect(meet(meeting({ formerMachineId: "new-machine" }))).rejects.toThrow(/it was not rebuilt/);
        const kept = await meet(meeting({ formerMachineId: "new-machine", keepsMachineId: true }));
        expect(kept.host.machineId).toBe("new-machine");
    });

    test("that does not come is given up at the deadline, with its last answer", async () => {
        await writeFile(knownHosts, lineOf(HOST_KEY.public));
        server.close();

        await expect(meet(meeting({ deadline: Date.now() }))).rejects.toThrow(
            /did not come up within 0\.0 minutes: nothing listens on TCP port.*waitMinutes/,
        );
        expect(said).toEqual([expect.stringMatching(/^cp1: waiting: /)]);
    });

    test("that lets Clearpath in and answers nothing is not waited for when the run is stopped", async () => {
        await writeFile(knownHosts, lineOf(HOST_KEY.public));
        answers = false;
        const stop = new AbortController();
        const ending = meet(meeting({ signal: stop.signal }));
        await asked.promise;
        stop.abort();

        await expect(ending).rejects.toThrow(/cancelled/);
    });

    test("that lets Clearpath in and answers nothing is asked again after half a minute", async () => {
        await writeFile(knownHosts, lineOf(HOST_KEY.public));
        answers = false;
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        const ending = meet(meeting({ deadline: Date.now() }));
        let over = false;
        ending
            .catch(() => {})
            .finally(() => {
                over = true;
            });
        await asked.promise;
        for (; !over; await setImmediate()) vi.advanceTimersByTime(1_000);

        await expect(ending).rejects.toThrow(/did not come up.*a command did not end within 30 s/);
    });

    test("whose key command never ends is not waited for when the run is stopped", async () => {
        const stop = new AbortController();
        const hostKeyCommand = "touch began; exec sleep 600";
        const ending = meet(meeting({ hostKeyCommand, signal: stop.signal }));
        await expect.poll(() => existsSync(join(directory, "began")), { timeout: 20_000 }).toBe(true);
        stop.abort();

        await expect(ending).rejects.toThrow(/aborted/);
    });
});
