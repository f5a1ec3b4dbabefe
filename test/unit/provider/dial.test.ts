import { once } from "node:events";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { Connection } from "../../../provider/host/connection.ts";
import { dial } from "../../../provider/host/dial.ts";

/** A TCP server that reads what it is sent and answers nothing, and its first connection. */
async function server(): Promise<{ port: number; accepted: Promise<Socket> }> {
    const accepted = Promise.withResolvers<Socket>();
    const listening = createServer(socket => accepted.resolve(socket.on("error", () => undefined).resume()));
    onTestFinished(() => void listening.close());
    await once(listening.listen(0, "127.0.0.1"), "listening");
    return { port: (listening.address() as AddressInfo).port, accepted: accepted.promise };
}

function connectionTo(port: number, more: object): Connection {
    return Connection.parse({ host: "127.0.0.1", port, perDialTimeout: 5, ...more });
}

/** A hostKeyCommand that says that it runs, and goes on when it is let go. */
async function heldCommand() {
    const directory = await temporaryDirectory();
    const [running, goOn] = [join(directory, "running"), join(directory, "go-on")];
    return {
        hostKeyCommand: `: >${running}; until [ -e ${goOn} ]; do sleep 0.05; done; echo ssh-ed25519 AAAA`,
        runs: () => vi.waitFor(() => access(running), { timeout: 10_000, interval: 20 }),
        letGo: () => writeFile(goOn, ""),
    };
}

async function temporaryDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "dial-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    return directory;
}

it("reports a connection that the host resets while hostKeyCommand runs", async () => {
    const { port, accepted } = await server();
    const { hostKeyCommand, runs, letGo } = await heldCommand();
    const dialed = dial(connectionTo(port, { hostKeyCommand }));
    const failed = expect(dialed).rejects.toMatchObject({
        reason: "connection-lost",
        message: expect.stringContaining("ECONNRESET"),
    });

    const socket = await accepted;
    await runs();
    socket.resetAndDestroy();
    await once(socket, "close");
    // The reset is there; the next turn of the event loop hands it to the other end, which is in this process.
    await nextTurn();
    await nextTurn();
    await letGo();
    await failed;
});

it("closes the connection to a host whose key it does not know", async () => {
    const { port, accepted } = await server();
    const knownHostsPath = join(await temporaryDirectory(), "known_hosts");
    const closed = accepted.then(socket => once(socket, "close"));

    await expect(dial(connectionTo(port, { knownHostsPath }))).rejects.toMatchObject({ reason: "host-key" });
    await closed;
});

it("stops waiting for hostKeyCommand when the run is cancelled", async () => {
    const { port, accepted } = await server();
    const cancel = new AbortController();
    const closed = accepted.then(socket => once(socket, "close"));
    const { hostKeyCommand, runs } = await heldCommand();
    const failed = expect(dial(connectionTo(port, { hostKeyCommand }), cancel.signal)).rejects.toMatchObject({
        reason: "cancelled",
    });

    await runs();
    cancel.abort();
    await failed;
    await closed;
});
