"""
One flow in one direction: connections from one source port to one server, so that they share one path where ECMP
hashes ports, and the question whether a packet of a given size gets through.
"""

import time

from agent.tcp import IP_HEADER, TCP_HEADER, TIMESTAMP_OPTION, Deadline, ProbeFailure
from agent.tcp import abort, connect, failure_of, open_socket

# Jumbo frames; beyond lie loopback links, whose size no path has.
LARGEST_TRIED = 9216
# A SYN or its answer that was lost is sent again by a new connection: the kernel waits for a second.
CONNECT_SECONDS = 5
FIRST_CONNECT_SECONDS = 0.25
SHORTEST_CONNECT_SECONDS = 0.06
# How much longer each next try waits. A search opens dozens of connections: where one packet in ten is lost, nine tries of a
# known round trip make each of them come about.
CONNECT_BACK_OFF = 1.5
LONGEST_SILENCE_SECONDS = 1.5
# How long a busy router may take to say that a packet is too big, beside the round trips. The kernel repeats a packet after
# 200 ms (TCP_RTO_MIN), and each repetition is one more that vanishes.
TELLING_SECONDS = 0.15
# The kernel's counters of a connection are read this often, or eight times a round trip.
SHORTEST_POLL_SECONDS = 0.001
LONGEST_POLL_SECONDS = 0.008


class Outcome:
    """What became of a packet. `bytes` is the size it says something about."""

    PASSED = "passed"
    LOST = "lost"
    #: A router or the host itself said that it is too big; `bytes` is the size that it named.
    TOLD = "told"
    #: It could not be sent: the link, or the MSS agreed on, allows no more than `bytes`.
    CAPPED = "capped"

    def __init__(self, kind, size, limited_by=None, sent=1):
        self.kind = kind
        self.bytes = size
        self.limited_by = limited_by
        #: How many packets of that size were sent or asked for, those that the kernel sent again included.
        self.sent = sent


class Flow:
    """What both directions share: the server, the source port, and how long its answers take."""

    def __init__(self, family, address, host, link_mtu, loss):
        self.family = family
        self.address = address
        self.host = host
        self.link_mtu = link_mtu
        self.loss = loss
        self.source_port = None
        self.round_trip = None

    def connect(self, max_segment=None):
        ends_at = time.monotonic() + CONNECT_SECONDS
        patience, lost = FIRST_CONNECT_SECONDS, 0
        if self.round_trip is not None:
            patience = 2 * self.round_trip + SHORTEST_CONNECT_SECONDS
        while True:
            try:
                sock = self._connect_once(max_segment, min(patience, max(0.0, ends_at - time.monotonic())))
                self.loss.arrived += 2
                self.loss.lost += lost
                return sock
            except ProbeFailure as failure:
                if failure.kind != "connect-timeout" or time.monotonic() >= ends_at:
                    raise
                lost += 1
                patience *= CONNECT_BACK_OFF

    def _connect_once(self, max_segment, seconds):
        sock = None
        try:
            sock = open_socket(self.family, max_segment, self.source_port)
            connect(sock, self.address, Deadline(seconds))
            self.source_port = sock.getsockname()[1]
            return sock
        except (ProbeFailure, OSError) as error:
            if sock is not None:
                self._keep_port(sock)
                abort(sock)
            raise error if isinstance(error, ProbeFailure) else failure_of(error) from error

    def _keep_port(self, sock):
        self.source_port = sock.getsockname()[1] or self.source_port

    def leave_port(self):
        """
        Becomes a flow on another source port. Where the reset that ended a connection was lost, a server answers the next
        SYN with the old one's numbers, twice a second at most (tcp_invalid_ratelimit), and may do so for long. False where
        no connection ever came about: another port is no help then.
        """
        self.close()
        self.source_port = None
        return self.round_trip is not None

    def met(self, info):
        """Remembers the round trip that a connection's handshake took."""
        seconds = info.rtt_us / 1e6
        if seconds and (self.round_trip is None or seconds < self.round_trip):
            self.round_trip = seconds

    def poll_seconds(self):
        return min(LONGEST_POLL_SECONDS, max(SHORTEST_POLL_SECONDS, (self.round_trip or 0) / 8))

    def reordering_seconds(self):
        """How much later a packet may arrive that was sent before another. TCP itself allows a quarter of a round trip."""
        return (self.round_trip or 0) / 8 + SHORTEST_POLL_SECONDS

    def header_bytes(self, info):
        return IP_HEADER[self.family] + TCP_HEADER + (TIMESTAMP_OPTION if info.timestamps else 0)
