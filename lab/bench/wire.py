"""Counts oversize packets on a path, whoever sends them.

usage: python3 wire.py CLIENT_NAMESPACE SERVER_NAMESPACE DEVICE FLOOR    until standard input ends

An oversize packet is one that is larger than every packet that has arrived in its direction, and than FLOOR bytes.
Prints `ready`, and at the end a JSON object with their numbers: {"upload": N, "download": N}.
"""

import json
import os
import select
import socket
import sys

from namespaces import enter

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4
# Enough to read how long the packet says it is.
HEADERS = 64


def listen(namespace, device):
    """A socket that sees the device's packets; it stays in its namespace."""
    enter(namespace)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind((device, ETH_P_ALL))
    sock.setblocking(False)
    return sock


def take(sock, count):
    while True:
        try:
            data, address = sock.recvfrom(HEADERS)
        except BlockingIOError:
            return
        count(length(data), address[2] == PACKET_OUTGOING)


def length(packet):
    if packet[0] >> 4 == 4:
        return int.from_bytes(packet[2:4], "big")
    return 40 + int.from_bytes(packet[4:6], "big")


def main():
    client_namespace, server_namespace, device, floor = sys.argv[1:]
    client, server = listen(client_namespace, device), listen(server_namespace, device)
    known = {"upload": int(floor), "download": int(floor)}
    oversize = {"upload": 0, "download": 0}

    def at(sends, receives):
        def count(size, outgoing):
            if not outgoing:
                known[receives] = max(known[receives], size)
            elif size > known[sends]:
                oversize[sends] += 1

        return count

    print("ready", flush=True)
    while True:
        ready = select.select([client, server, sys.stdin], [], [])[0]
        # What was sent before what was received: a packet that arrived is known only from then on.
        if client in ready:
            take(client, at("upload", "download"))
        if server in ready:
            take(server, at("download", "upload"))
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
            break
    print(json.dumps(oversize), flush=True)


main()
