"""
Whether packets pass upward. A write of exactly one segment is followed by one of a single byte: the byte's arrival,
which the server reports at once (RFC 2018), tells within a round trip that the segment before it is missing.
"""

import errno
import time

from agent.flows import LARGEST_TRIED, LONGEST_SILENCE_SECONDS, TELLING_SECONDS, Flow, Outcome
from agent.tcp import TcpInfo, abort, failure_of
from agent.tls import hello_bytes, padded_context

MARKER_BYTES = 1
# The bytes are the beginning of a hello that is never finished, so any TLS server just waits for the rest.
HELLO_BYTES = 16000
# Servers delay the acknowledgement of a lone segment, Linux by up to 40 ms (TCP_DELACK_MIN).
DELAYED_ACK_SECONDS = 0.05
# Without SACK: Linux repeats a lost segment after at least 200 ms (TCP_RTO_MIN) and a round trip.
REPEAT_SECONDS = 0.25


class UploadFlow(Flow):
    def __init__(self, *where):
        super().__init__(*where)
        self.sock = None
        self.sent = 0

    @classmethod
    def prepare(cls):
        """Makes what all flows send."""
        cls.hello = hello_bytes(padded_context(HELLO_BYTES), "clearpath.invalid")

    def passes(self, size=None):
        """
        Sends a packet of `size` bytes. Without a size: of the largest that link and peer allow, alone, and with time
        for routers to say that it is too big.
        """
        info = self._connection()
        header = self.header_bytes(info)
        largest = min(info.snd_mss + header, LARGEST_TRIED)
        told = info.pmtu if info.pmtu < self.link_mtu and largest >= info.pmtu else None
        if told is not None and (size is None or size > told):
            return Outcome(Outcome.TOLD, told, sent=0)
        alone = size is None
        size = largest if alone else size
        limited_by = "link" if largest >= min(info.pmtu, LARGEST_TRIED) else "peer"
        if size > largest:
            return Outcome(Outcome.CAPPED, largest, limited_by, sent=0)
        outcome = self._send(size, size - header, info, alone)
        outcome.limited_by = limited_by
        if outcome.kind != Outcome.PASSED:
            self.close()
        return outcome

    def _connection(self):
        """TCP_INFO of a connection that has no unacknowledged data and room for one more packet."""
        if self.sock is not None:
            info = TcpInfo(self.sock)
            room = len(self.hello) - self.sent >= min(self.link_mtu, LARGEST_TRIED) + MARKER_BYTES
            if room and info.unacked == 0:
                return info
            self.close()
        self.sock = self.connect()
        info = TcpInfo(self.sock)
        self.met(info)
        self.acked_before = info.bytes_acked
        self.sent = 0
        return info

    def _send(self, size, payload, info, alone):
        pieces = (payload,) if alone else (payload, MARKER_BYTES)
        expected = self.acked_before + self.sent + payload
        try:
            for length in pieces:
                self.sock.send(self.hello[self.sent : self.sent + length])
                self.sent += length
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                return Outcome(Outcome.TOLD, TcpInfo(self.sock).pmtu, sent=0)
            raise failure_of(error) from error
        started, marker_at = time.monotonic(), None
        waits = 3 * self.round_trip + DELAYED_ACK_SECONDS + REPEAT_SECONDS
        while True:
            time.sleep(self.poll_seconds())
            now, at = TcpInfo(self.sock), time.monotonic()
            repeats = now.total_retrans - info.total_retrans
            if now.pmtu < info.pmtu:
                return Outcome(Outcome.TOLD, now.pmtu)
            if now.bytes_acked >= expected:
                self._count(repeats)
                return Outcome(Outcome.PASSED, size)
            if now.sacked and marker_at is None:
                marker_at = at
                self._count(repeats)
            if marker_at is not None:
                given_up = at - marker_at > self.reordering_seconds()
            elif alone:
                given_up = at - started > 3 * self.round_trip + TELLING_SECONDS
            else:
                given_up = not now.sack and repeats > 0 and at - started > waits
            if given_up or at - started > LONGEST_SILENCE_SECONDS:
                # Until the peer reports the marker, the kernel may have repeated the marker itself.
                return Outcome(Outcome.LOST, size, sent=1 + (repeats if alone or marker_at is not None else 0))

    def _count(self, repeats):
        self.loss.arrived += 2
        self.loss.lost += repeats

    def close(self):
        if self.sock is not None:
            abort(self.sock)
            self.sock = None
