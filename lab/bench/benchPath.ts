import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../network/command.ts";
import { startDaemon } from "../network/daemon.ts";
import type { DirectionConfig, ForwarderConfig } from "../network/isp/path.ts";
import { addNamespace, forgetPaths, insideNamespace, ipBatch, setSysctls } from "../network/namespace.ts";
import { removeRemains } from "../network/remains.ts";
import { labTls, labTlsFile } from "../network/tls.ts";
import { addressOf, labPaths, namespaceOf, namespacePath, pathLink } from "../network/topology.ts";

const FORWARDER = fileURLToPath(new URL("../network/isp/forwarder.py", import.meta.url));
const SERVER_PROGRAM = fileURLToPath(new URL("./tlsServer.ts", import.meta.url));
const { name: DEVICE, isp: ROUTER_UPLINK, internet: SERVER } = pathLink(0);
const ROUTER_LAN = addressOf("isp");
const CLIENT = addressOf("runner");
const HOSTS = ["runner", "isp", "internet"] as const;
const TUN_QUEUE_PACKETS = 5000;

/** Address of the TLS server at the far end. */
export const SERVER_ADDRESSES = SERVER;
/** Size of the links at both ends of a path, in bytes. */
export const LINK_MTU = 1500;
export const DIRECTIONS = ["upload", "download"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What a path does to packets. */
export interface PathSettings {
    /** Largest packet that passes in each direction, in bytes. */
    mtu: Record<Direction, number>;
    /** Of one direction. */
    delayMs: number;
    /** Of packets in each direction. */
    lossPercent: number;
    /** Whether the sender of a packet that is too big is told; by default such packets vanish without an answer. */
    tells?: boolean;
    seed: string;
}

/**
 * Three network namespaces: `runner` with a client, its router `isp`, and `internet` with a TLS server, to which one path
 * of the lab leads. All links carry packets of `linkMtu` bytes.
 */
export class BenchPath {
    readonly instance: string;
    private readonly linkMtu: number;

    constructor(instance: string, linkMtu = LINK_MTU) {
        this.instance = instance;
        this.linkMtu = linkMtu;
    }

    async up(): Promise<void> {
        await this.down();
        await labTls();
        await Promise.all(HOSTS.map(host => addNamespace(this.instance, host)));
        // Rate limits of answers would slow the other tools down: they live on ICMP.
        const sysctls = { "net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0 };
        await Promise.all(HOSTS.map(host => setSysctls(this.instance, host, sysctls)));
        await this.link();
        await startDaemon(this.instance, {
            name: "server",
            argv: insideNamespace(this.instance, "internet", [process.execPath, SERVER_PROGRAM, labTlsFile()]),
            readyLine: "ready",
        });
    }

    /** Leaves no namespace, process or file of this instance on the machine. */
    async down(): Promise<void> {
        await removeRemains(this.instance);
    }

    /** Makes the path so, and has both ends forget what they learnt about it before. */
    async set(settings: PathSettings): Promise<void> {
        const directory = labPaths(this.instance).run;
        mkdirSync(directory, { recursive: true });
        const file = join(directory, "path.json");
        writeFileSync(file, JSON.stringify(this.forwarderConfig(settings)));
        await Promise.all(HOSTS.map(host => forgetPaths(this.instance, host)));
        await startDaemon(this.instance, {
            name: "path",
            argv: ["/usr/bin/python3", "-S", "-B", FORWARDER, file],
            readyLine: "ready",
        });
        // Neighbours are found before anything is measured.
        await Promise.all(
            Object.values(SERVER).map(address =>
                command(this.atClient(["ping", "-c", "9", "-i", "0.2", "-w", "1", address])),
            ),
        );
    }

    private async link(): Promise<void> {
        const mtu = this.linkMtu;
        const tun = [
            `tuntap add dev ${DEVICE} mode tun`,
            `link set ${DEVICE} mtu ${mtu} txqueuelen ${TUN_QUEUE_PACKETS} up`,
        ];
        await ipBatch(this.instance, "isp", [
            ...tun,
            `addr add ${ROUTER_UPLINK.ipv4} peer ${SERVER.ipv4}/32 dev ${DEVICE}`,
            `addr add ${ROUTER_UPLINK.ipv6} peer ${SERVER.ipv6}/128 dev ${DEVICE} nodad`,
            `link add lan0 mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${namespaceOf(this.instance, "runner")}`,
            `addr add ${ROUTER_LAN.ipv4}/24 dev lan0`,
            `addr add ${ROUTER_LAN.ipv6}/64 dev lan0 nodad`,
            "link set lan0 up",
        ]);
        await setSysctls(this.instance, "isp", { "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 });
        await ipBatch(this.instance, "internet", [
            ...tun,
            `addr add ${SERVER.ipv4} peer ${ROUTER_UPLINK.ipv4}/32 dev ${DEVICE}`,
            `addr add ${SERVER.ipv6} peer ${ROUTER_UPLINK.ipv6}/128 dev ${DEVICE} nodad`,
            `route add 0.0.0.0/0 dev ${DEVICE}`,
            `route add ::/0 dev ${DEVICE}`,
        ]);
        await ipBatch(this.instance, "runner", [
            `addr add ${CLIENT.ipv4}/24 dev eth0`,
            `addr add ${CLIENT.ipv6}/64 dev eth0 nodad`,
            "link set eth0 up",
            `route add 0.0.0.0/0 via ${ROUTER_LAN.ipv4}`,
            `route add ::/0 via ${ROUTER_LAN.ipv6}`,
        ]);
    }

    private forwarderConfig({ mtu, delayMs, lossPercent, tells = false, seed }: PathSettings): ForwarderConfig {
        const direction = (name: Direction): DirectionConfig => ({
            versions: [4, 6],
            mtu: mtu[name],
            answers: tells,
            router: name === "upload" ? SERVER : ROUTER_UPLINK,
            lossPercent,
            delayMs,
            rateMbit: 200,
            queueMs: 1000,
        });
        return {
            seed,
            isp: { namespace: namespacePath(this.instance, "isp"), device: DEVICE },
            internet: { namespace: namespacePath(this.instance, "internet"), device: DEVICE },
            upload: direction("upload"),
            download: direction("download"),
        };
    }

    /** The arguments that run a command at the client's end. */
    atClient(argv: readonly [string, ...string[]]): [string, ...string[]] {
        return insideNamespace(this.instance, "runner", argv);
    }
}
