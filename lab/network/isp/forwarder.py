"""One path between two network namespaces: carries packets between a TUN device in each, as a bad uplink would.

usage: python3 forwarder.py CONFIG    (a JSON object, as isp.ts writes it)

Per direction: MTU to the byte, with an answer or without, random loss, a rate with a queue, and delay. Prints `ready`
once packets flow and runs until it is told to end.
"""

import collections
import fcntl
import json
import os
import random
import select
import struct
import sys
import time

import namespaces
import packets

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
LARGEST_PACKET = 65536
# Packets taken from one side before the other side and the clock get their turn.
BURST = 32


def open_tun(namespace, name):
    """A descriptor of the TUN device `name` in the namespace; this process stays in that namespace."""
    namespaces.enter(namespace)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return tun


class Direction:
    """Packets on their way from one side to the other."""

    def __init__(self, source, target, settings, seed):
        self.source, self.target = source, target
        self.versions = settings["versions"]
        self.mtu = settings["mtu"]
        self.answers = settings["answers"]
        self.routers = {4: settings["router"]["ipv4"], 6: settings["router"]["ipv6"]}
        self.loss = settings["lossPercent"] / 100
        self.delay = settings["delayMs"] / 1000
        self.seconds_per_byte = 8 / (settings["rateMbit"] * 1e6)
        self.longest_wait = settings["queueMs"] / 1000
        self.random = random.Random(seed).random
        self.free_at = 0.0
        self.on_their_way = collections.deque()
        self.opposite = None

    def admit(self, packet, now):
        """Decides what becomes of a packet that enters."""
        if packet[0] >> 4 not in self.versions:
            self.enqueue(packet, now)
        elif not self.answers and packets.is_too_big_message(packet):
            return
        elif len(packet) > self.mtu:
            self.meet_the_mtu(packet, now)
        elif not self.loss or self.random() >= self.loss:
            self.enqueue(packet, now)

    def meet_the_mtu(self, packet, now):
        if packets.may_fragment(packet):
            for fragment in packets.fragments(packet, self.mtu):
                if not self.loss or self.random() >= self.loss:
                    self.enqueue(fragment, now)
        elif self.answers and packets.may_be_answered(packet):
            router = self.routers[packets.version(packet)]
            self.opposite.enqueue(packets.too_big_message(packet, self.mtu, router), now)

    def enqueue(self, packet, now):
        """Gives the packet its turn at the rate, or drops it when that is too far away."""
        start = self.free_at if self.free_at > now else now
        if start - now > self.longest_wait:
            return
        self.free_at = start + len(packet) * self.seconds_per_byte
        self.on_their_way.append((self.free_at + self.delay, packet))

    def deliver(self, now):
        """Hands over what has arrived, and returns when the next packet will."""
        queue, target = self.on_their_way, self.target
        while queue and queue[0][0] <= now:
            try:
                os.write(target, queue.popleft()[1])
            except OSError:
                pass  # The device is down or its queue is full: the packet is lost, as on any wire.
        return queue[0][0] if queue else None


def carry(directions):
    by_source = {direction.source: direction for direction in directions}
    sources, clock, read = list(by_source), time.monotonic, os.read
    waiting = None
    while True:
        ready = select.select(sources, (), (), waiting)[0]
        for source in ready:
            direction = by_source[source]
            try:
                for _ in range(BURST):
                    packet = read(source, LARGEST_PACKET)
                    direction.admit(packet, clock())
            except BlockingIOError:
                pass
        due = [direction.deliver(clock()) for direction in directions]
        times = [at for at in due if at is not None]
        waiting = max(0.0, min(times) - clock()) if times else None


def main():
    with open(sys.argv[1]) as file:
        config = json.load(file)
    isp = open_tun(config["isp"]["namespace"], config["isp"]["device"])
    internet = open_tun(config["internet"]["namespace"], config["internet"]["device"])
    upload = Direction(isp, internet, config["upload"], config["seed"] + "/upload")
    download = Direction(internet, isp, config["download"], config["seed"] + "/download")
    upload.opposite, download.opposite = download, upload
    # A busy machine must not look like a slow path.
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    print("ready", flush=True)
    carry([upload, download])


if __name__ == "__main__":
    main()
