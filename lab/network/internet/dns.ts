import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import {
    type Answer,
    AUTHORITATIVE_ANSWER,
    decode,
    encode,
    type Packet,
    RECURSION_AVAILABLE,
    RECURSION_DESIRED,
    streamDecode,
    streamEncode,
} from "dns-packet";
import type { PerFamily } from "../../../network/family.ts";
import type { Scenario } from "../scenario.ts";
import { DNS_SERVER, INTERNET_HOSTS } from "../topology.ts";
import { internetAddresses } from "./addresses.ts";
import { draws } from "./draw.ts";

const TTL_SECONDS = 60;
const NAME_ERROR = 3;

/** The answer to one query: addresses of the lab's hosts, and of other names that they do not exist. */
export function answerTo(query: Packet, hosts: Record<string, PerFamily<string>> = INTERNET_HOSTS): Packet {
    const question = query.questions?.[0];
    const name = question?.name ?? "";
    const host = name.toLowerCase().replace(/\.$/, "");
    const addresses = Object.hasOwn(hosts, host) ? hosts[host] : undefined;
    const answers: Answer[] = [];
    if (addresses && question?.type === "A") answers.push({ type: "A", name, ttl: TTL_SECONDS, data: addresses.ipv4 });
    if (addresses && question?.type === "AAAA") {
        answers.push({ type: "AAAA", name, ttl: TTL_SECONDS, data: addresses.ipv6 });
    }
    return {
        type: "response",
        id: query.id,
        flags:
            AUTHORITATIVE_ANSWER |
            RECURSION_AVAILABLE |
            ((query.flags ?? 0) & RECURSION_DESIRED) |
            (addresses ? 0 : NAME_ERROR),
        questions: query.questions,
        answers,
        authorities: answers.length === 0 ? [startOfAuthority(host)] : [],
    };
}

/** Tells resolvers how long they may remember that there is nothing (RFC 2308). */
function startOfAuthority(host: string): Answer {
    return {
        type: "SOA",
        name: host.split(".").slice(-1)[0] ?? "",
        ttl: TTL_SECONDS,
        data: {
            mname: "dns.lab",
            rname: "nobody.lab",
            serial: 1,
            refresh: 60,
            retry: 60,
            expire: 60,
            minimum: TTL_SECONDS,
        },
    };
}

/** Serves DNS on UDP and TCP, with the scenario's delay and failures: a query that fails gets no answer at all. */
export async function startDns({ seed, internet }: Scenario): Promise<void> {
    const { failPercent, delayMs } = internet.dns;
    const draw = draws(`${seed}/dns`);
    const hosts = internetAddresses(internet.addressSeed);
    const reply = async (query: Packet, send: (answer: Packet) => void) => {
        if (draw() * 100 < failPercent) return;
        if (delayMs > 0) await wait(delayMs);
        send(answerTo(query, hosts));
    };
    await Promise.all([
        udpServer("udp4", DNS_SERVER.ipv4, reply),
        udpServer("udp6", DNS_SERVER.ipv6, reply),
        tcpServer(DNS_SERVER.ipv4, reply),
        tcpServer(DNS_SERVER.ipv6, reply),
    ]);
}

type Reply = (query: Packet, send: (answer: Packet) => void) => Promise<void>;

async function udpServer(type: "udp4" | "udp6", address: string, reply: Reply): Promise<void> {
    const socket = createSocket(type);
    socket.on("message", (message, remote) => {
        const query = readQuery(() => decode(message));
        if (query) void reply(query, answer => socket.send(encode(answer), remote.port, remote.address));
    });
    socket.bind(53, address);
    await once(socket, "listening");
}

async function tcpServer(address: string, reply: Reply): Promise<void> {
    const server: Server = createServer(socket => serveStream(socket, reply));
    server.listen(53, address);
    await once(server, "listening");
}

/** Answers each query of a connection; two bytes before each say how long it is (RFC 1035, 4.2.2). */
function serveStream(socket: Socket, reply: Reply): void {
    let received = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", chunk => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
            const message = received.subarray(0, 2 + received.readUInt16BE());
            received = received.subarray(message.length);
            const query = readQuery(() => streamDecode(message) ?? undefined);
            if (query) void reply(query, answer => socket.writable && socket.write(streamEncode(answer)));
        }
    });
}

/** What does not parse, or is no query, is not answered. */
function readQuery(read: () => Packet | undefined): Packet | undefined {
    try {
        const packet = read();
        return packet?.type === "query" ? packet : undefined;
    } catch {
        return undefined;
    }
}
