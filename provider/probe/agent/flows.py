"""
One flow in one direction: connections from one source port to one server, so that they share one path where ECMP
hashes ports, and the question whether a packet of a given size gets through.
"""

import errno
import ssl
import time

from agent.tcp import IP_HEADER, TCP_HEADER, TIMESTAMP_OPTION, Deadline, ProbeFailure, TcpInfo
from agent.tcp import abort, connect, failure_of, open_socket
from agent.tls import hello_bytes, padded_context

CONNECT_SECONDS = 3.5
# Jumbo frames; beyond lie loopback links, whose size no path has.
LARGEST_TRIED = 9216
POLL_SECONDS = 0.008
# Linux repeats a lost segment after at least 200 ms (TCP_RTO_MIN) and a round trip; sooner when later ones arrive.
REPEAT_SECONDS = 0.22
SILENCE_SECONDS = 0.35
LONGEST_SILENCE_SECONDS = 1.5


class Outcome:
    """What became of a packet. `bytes` is the size it says something about."""

    PASSED = "passed"
    LOST = "lost"
    #: A router or the host itself said that it is too big; `bytes` is the size that it named.
    TOLD = "told"
    #: It could not be sent: the link, or the MSS agreed on, allows no more than `bytes`.
    CAPPED = "capped"

    def __init__(self, kind, size, limited_by=None):
        self.kind = kind
        self.bytes = size
        self.limited_by = limited_by


class Flow:
    """What both directions share: the server, the source port, and how patient it must be with the server."""

    def __init__(self, family, address, host, link_mtu):
        self.family = family
        self.address = address
        self.host = host
        self.link_mtu = link_mtu
        self.source_port = None
        self.answer_seconds = None
        self.lossy = False

    def connect(self, max_segment=None):
        sock = None
        try:
            sock = open_socket(self.family, max_segment, self.source_port)
            connect(sock, self.address, Deadline(CONNECT_SECONDS))
            self.source_port = sock.getsockname()[1]
            return sock
        except (ProbeFailure, OSError) as error:
            if sock is not None:
                sock.close()
            raise error if isinstance(error, ProbeFailure) else failure_of(error) from error

    def header_bytes(self, info):
        return IP_HEADER[self.family] + TCP_HEADER + (TIMESTAMP_OPTION if info.timestamps else 0)

    def told_before(self, info):
        """The size in the host's PMTU cache, when it is what bounds this connection."""
        return info.pmtu if info.pmtu < self.link_mtu else None


class UploadFlow(Flow):
    """
    Upward: a write of exactly one segment is acknowledged, or sent again. The bytes are the beginning of a hello that
    is never finished, so any TLS server just waits for the rest.
    """

    HELLO_BYTES = 16000

    def __init__(self, *where):
        super().__init__(*where)
        self.sock = None
        self.sent = 0

    def passes(self, size=None, patient=False):
        """Sends a packet of `size` bytes, or of the largest size there is."""
        if self.sock is None or self.sent + min(self.link_mtu, LARGEST_TRIED) > len(self.hello):
            self._reopen()
        info = TcpInfo(self.sock)
        header = self.header_bytes(info)
        largest = min(info.snd_mss + header, LARGEST_TRIED)
        if size is None:
            told = self.told_before(info)
            if told is not None and largest >= told:
                return Outcome(Outcome.TOLD, told)
            size = largest
        if size > largest:
            return Outcome(Outcome.CAPPED, largest)
        limited_by = "link" if largest >= min(info.pmtu, LARGEST_TRIED) else "peer"
        outcome = self._send(size, size - header, info, patient)
        outcome.limited_by = limited_by
        return outcome

    def _reopen(self):
        self.close()
        self.sock = self.connect()
        self.before = TcpInfo(self.sock).bytes_acked
        self.sent = 0

    def _send(self, size, payload, info, patient):
        try:
            self.sock.send(self.hello[self.sent : self.sent + payload])
        except OSError as error:
            self.close()
            if error.errno == errno.EMSGSIZE:
                return Outcome(Outcome.TOLD, info.pmtu)
            raise failure_of(error) from error
        self.sent += payload
        started = time.monotonic()
        needed = 3 if patient and self.lossy else 1
        answer = 2 * max(info.rtt_us / 1e6, self.answer_seconds or 0.0) + 0.03
        retransmits, repeated_at = info.total_retrans, started
        while True:
            time.sleep(POLL_SECONDS)
            now = TcpInfo(self.sock)
            if now.pmtu < info.pmtu:
                self.close()
                return Outcome(Outcome.TOLD, now.pmtu)
            if now.bytes_acked - self.before >= self.sent:
                self.lossy = self.lossy or now.total_retrans > info.total_retrans
                self.answer_seconds = time.monotonic() - started
                return Outcome(Outcome.PASSED, size)
            if now.total_retrans > retransmits:
                retransmits, repeated_at = now.total_retrans, time.monotonic()
            repeated_enough = retransmits - info.total_retrans >= needed
            if repeated_enough and time.monotonic() - repeated_at > answer:
                break
            if time.monotonic() - started > LONGEST_SILENCE_SECONDS * (2 if patient else 1):
                break
        self.close()
        # The server answers our reset, whose number it does not expect, and takes the next one.
        time.sleep(info.rtt_us / 1e6 + 0.02)
        return Outcome(Outcome.LOST, size)

    def close(self):
        if self.sock is not None:
            abort(self.sock)
            self.sock = None


class DownloadFlow(Flow):
    """
    Downward: a server asked for segments of a size by the MSS option sends its certificate in full ones. They arrive,
    or nothing does but what was shorter.
    """

    def passes(self, size=None, patient=False):
        """Asks for packets of `size` bytes, or of the largest size there is."""
        header = IP_HEADER[self.family] + TCP_HEADER
        sock = self.connect(None if size is None else size - header)
        try:
            return self._listen(sock, size, patient)
        except OSError as error:
            raise failure_of(error) from error
        finally:
            abort(sock)

    def _listen(self, sock, size, patient):
        info = TcpInfo(sock)
        header = self.header_bytes(info)
        # The kernel has taken the room for timestamps off already.
        segment = info.advmss
        size = segment + header if size is None else size
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_hostname=self.host)
        finished = advance(tls)
        hello = outgoing.read()
        sock.send(hello)
        quiet_since = started = time.monotonic()
        acked_before, heard = info.bytes_acked, 0
        while True:
            time.sleep(POLL_SECONDS)
            data = drain(sock)
            if data:
                incoming.write(data)
                finished = finished or advance(tls)
            now = TcpInfo(sock)
            enough = now.bytes_received >= segment
            if enough and now.rcv_mss >= min(segment, 536):
                if now.rcv_mss >= segment:
                    self.answer_seconds = time.monotonic() - started
                    return Outcome(Outcome.PASSED, size, "link")
                if finished or now.bytes_received >= 3 * segment:
                    return Outcome(Outcome.CAPPED, now.rcv_mss + header, "peer")
            elif finished:
                raise ProbeFailure("local", f"{self.host} sends less than one full segment in its handshake")
            if now.bytes_acked - acked_before < len(hello) or now.bytes_received > heard:
                self.lossy = self.lossy or now.total_retrans > 0
                heard, quiet_since = now.bytes_received, time.monotonic()
            if time.monotonic() - quiet_since > self._silence(now, patient):
                return Outcome(Outcome.LOST, size)
            if time.monotonic() - started > CONNECT_SECONDS:
                raise ProbeFailure("tls-timeout", f"{self.host} did not acknowledge a hello")

    def _silence(self, info, patient):
        """
        How long nothing must come. A segment out of order shows that the server has answered and full ones are
        missing; without it the server may just be busy, and is given what it took before, twice over.
        """
        if info.rcv_ooopack and not (patient and self.lossy):
            return REPEAT_SECONDS + 3 * info.rtt_us / 1e6
        if self.answer_seconds is None:
            return LONGEST_SILENCE_SECONDS * (2 if patient else 1)
        if patient and self.lossy:
            return LONGEST_SILENCE_SECONDS
        return min(LONGEST_SILENCE_SECONDS, SILENCE_SECONDS + 3 * info.rtt_us / 1e6 + 2 * self.answer_seconds)

    def close(self):
        """Every question has a connection of its own: nothing is left open."""


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
    """Whether the handshake is over, in whatever way: the server then has no more to send."""
    try:
        tls.do_handshake()
        return True
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True


def prepare():
    """Makes what all flows share. No certificate is judged here: only packets count, and nothing is sent but hellos."""
    UploadFlow.hello = hello_bytes(padded_context(UploadFlow.HELLO_BYTES), "clearpath.invalid")
    DownloadFlow.context = padded_context(0)
    DownloadFlow.context.check_hostname = False
    DownloadFlow.context.verify_mode = ssl.CERT_NONE
