"""Whether packets as large as the host's link reach hosts on the same network, tested by unfragmented echo requests."""

import errno
import os
import select
import socket
import struct
import threading
import time

from agent.facts import run_json
from agent.tcp import IP_HEADER, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DO

ICMP_HEADER = 8
# Every host takes in packets of this size (RFC 1122, RFC 8200).
SMALLEST = {"ipv4": 576, "ipv6": 1280}
TRIES = 3
ANSWER_SECONDS = 0.3
REQUEST = {"ipv4": 8, "ipv6": 128}
REPLY = {"ipv4": 0, "ipv6": 129}


class Echo:
    """Echo requests to one address."""

    def __init__(self, family, address):
        self.family = family
        self.address = address
        self.identifier = os.getpid() & 0xFFFF
        self.sequence = 0
        if family == "ipv4":
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            self.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
        else:
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
        self.sock.connect((address, 0))

    def passes(self, size):
        """Whether a packet of `size` bytes is answered, by one of a few tries. OSError where the host cannot send it."""
        return any(self._answered(size) for _ in range(TRIES))

    def _answered(self, size):
        self.sequence += 1
        payload = bytes(size - IP_HEADER[self.family] - ICMP_HEADER)
        head = struct.pack("!BBHHH", REQUEST[self.family], 0, 0, self.identifier, self.sequence)
        if self.family == "ipv4":
            head = head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:]
        try:
            self.sock.send(head + payload)
        except OSError as error:
            # IPv6 reports a packet that a virtual link dropped at its other end in this way.
            if error.errno == errno.ENOBUFS:
                return False
            raise
        ends_at = time.monotonic() + ANSWER_SECONDS
        while True:
            left = ends_at - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return False
            packet = self.sock.recv(65536)
            answer = packet[(packet[0] & 0xF) * 4 :] if self.family == "ipv4" else packet
            kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", answer)
            if (kind, identifier, sequence) == (REPLY[self.family], self.identifier, self.sequence):
                return True


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def largest(echo, link_mtu):
    """The largest packet that is answered, in bytes; None when not even a small one is."""
    passed = min(SMALLEST[echo.family], link_mtu)
    if not echo.passes(passed):
        return None
    if echo.passes(link_mtu):
        return link_mtu
    vanished = link_mtu
    while vanished - passed > 1:
        size = (passed + vanished) // 2
        if echo.passes(size):
            passed = size
        else:
            vanished = size
    return passed


class Neighbours:
    """Asks all neighbours at once, while the rest of the run goes on."""

    def __init__(self, addresses, links):
        self.found = []
        self.workers = [
            threading.Thread(target=self._ask, args=(address, links), daemon=True) for address in addresses
        ]
        for worker in self.workers:
            worker.start()

    def _ask(self, address, links):
        family = "ipv6" if ":" in address else "ipv4"
        routes = run_json("ip", "-j", "route", "get", address)
        link = next((link for link in links if routes and link["name"] == routes[0].get("dev")), None)
        # An address behind a router is no neighbour, and neither is the host itself.
        if link is None or "gateway" in routes[0] or routes[0].get("type", "unicast") != "unicast":
            return
        try:
            passed = largest(Echo(family, address), link["mtu"])
        except OSError as error:
            # The route has an MTU of its own, so the link's size cannot be tried.
            if error.errno == errno.EMSGSIZE:
                return
            passed = None
        self.found.append({"address": address, "tried": link["mtu"], "passed": passed})

    def results(self):
        for worker in self.workers:
            worker.join()
        return self.found
