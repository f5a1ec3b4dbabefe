"""
Whether packets pass downward. A server that is asked for segments of a size, by the MSS option, sends its certificate
in full ones and a shorter last one. The full ones arrive, or the last one alone.
"""

import select
import ssl
import time

from agent.flows import LONGEST_SILENCE_SECONDS, TELLING_SECONDS, Flow, Outcome
from agent.tcp import IP_HEADER, TCP_HEADER, Deadline, ProbeFailure, TcpInfo, abort, failure_of, wait
from agent.tls import padded_context

LONGEST_ANSWER_SECONDS = 3.5
# A server that lost its last segment repeats it after two round trips, or 200 ms (TCP_RTO_MIN) and one.
REPEAT_SECONDS = 0.25
# TCP's default segment; smaller ones do not count as the size that a server sends.
SMALLEST_SEGMENT = 536


class DownloadFlow(Flow):
    def __init__(self, *where):
        super().__init__(*where)
        self.answer_seconds = None

    @classmethod
    def prepare(cls):
        """Makes the context that all flows share. Certificates are not verified: only packets count, and only hellos are sent."""
        cls.context = padded_context(0)
        cls.context.check_hostname = False
        cls.context.verify_mode = ssl.CERT_NONE

    def passes(self, size=None):
        """
        Asks for packets of `size` bytes. Without a size: of the largest that the link allows, and with time for routers
        to tell the server that it is too big.
        """
        sock = self.connect(None if size is None else size - IP_HEADER[self.family] - TCP_HEADER)
        try:
            return self._listen(sock, size)
        except OSError as error:
            raise failure_of(error) from error
        finally:
            abort(sock)

    def _listen(self, sock, size):
        info = TcpInfo(sock)
        self.met(info)
        header = self.header_bytes(info)
        # The kernel has already subtracted the bytes of the timestamps.
        segment = info.advmss
        # A server that gets frag-needed from a router sends smaller segments a round trip later.
        missing = self.reordering_seconds() if size is not None else 2 * self.round_trip + TELLING_SECONDS
        largest = segment + header
        if size is not None and size > largest:
            # The kernel has learnt a smaller path MTU meanwhile, and asked the server for smaller segments.
            return Outcome(Outcome.CAPPED, largest, "link", sent=0)
        size = largest if size is None else size
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_hostname=self.host)
        finished = advance(tls)
        hello = outgoing.read()
        sock.send(hello)
        quiet_since = started = time.monotonic()
        later_since, heard, answered = None, 0, False
        while True:
            wait(sock, select.POLLIN, Deadline(self.poll_seconds()))
            data = drain(sock)
            if data:
                incoming.write(data)
                finished = finished or advance(tls)
            now, at = TcpInfo(sock), time.monotonic()
            if not answered and now.bytes_acked - info.bytes_acked >= len(hello):
                answered, quiet_since = True, at
                self.loss.arrived += 2
                self.loss.lost += now.total_retrans
            if now.bytes_received > heard:
                heard, quiet_since = now.bytes_received, at
            if heard >= segment and now.rcv_mss >= min(segment, SMALLEST_SEGMENT):
                if now.rcv_mss >= segment:
                    self.answer_seconds = at - started
                    return Outcome(Outcome.PASSED, size, "link")
                if finished or heard >= 3 * segment:
                    return Outcome(Outcome.CAPPED, now.rcv_mss + header, "peer")
            elif finished and heard >= now.rcv_mss > SMALLEST_SEGMENT:
                return Outcome(Outcome.CAPPED, now.rcv_mss + header, "peer")
            elif finished:
                raise ProbeFailure("local", f"{self.host} sends less than one full segment in its handshake")
            if now.rcv_ooopack and later_since is None:
                later_since = at
            # Segments that came after the missing ones show that the server has answered.
            if later_since is not None and at - max(later_since, quiet_since) > missing:
                return Outcome(Outcome.LOST, size)
            if answered and at - quiet_since > self._silence():
                return Outcome(Outcome.LOST, size)
            if at - started > LONGEST_ANSWER_SECONDS:
                raise ProbeFailure("tls-timeout", f"{self.host} did not acknowledge a hello")

    def _silence(self):
        """How long a server may take to answer: twice the time that it took before."""
        if self.answer_seconds is None:
            return LONGEST_SILENCE_SECONDS
        return min(LONGEST_SILENCE_SECONDS, REPEAT_SECONDS + 3 * self.round_trip + 2 * self.answer_seconds)

    def close(self):
        """Nothing to close: every question has a connection of its own."""


def drain(sock):
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except BlockingIOError:
            return data
        if not piece:
            return data
        data += piece


def advance(tls):
    """Whether the handshake has finished or failed: the server then sends no more."""
    try:
        tls.do_handshake()
        return True
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
