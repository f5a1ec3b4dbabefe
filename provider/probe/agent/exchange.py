"""One HTTPS request on a new connection, with a time for each phase."""

import http.client
import io
import time

from agent.names import resolve
from agent.tcp import Deadline, ProbeFailure, TcpInfo, abort, connect, failure_of, open_socket
from agent.tls import PlainStream, TlsStream

PIECE_BYTES = 65536
# In addition to two round trips, because the peer's kernel may be busy.
DSACK_SECONDS = 0.05


class Response:
    """`headers` can be asked for by names in any case."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


class Request:
    def __init__(self, host, port, path, method="GET", headers=None, most_body=65536, on_body=None):
        self.host = host
        self.port = port
        self.path = path
        self.method = method
        self.headers = headers or {}
        self.most_body = most_body
        self.on_body = on_body
        #: Whether to speak HTTP without TLS, as many mirrors in a local network do.
        self.plain = False

    def text(self):
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["User-Agent: clearpath-probe/1", "Accept-Encoding: identity", "Connection: close", "", ""]
        return "\r\n".join(lines).encode()


def exchange(request, context, timeout, family=None, turn=0):
    """
    Sends a request and returns `(sample, response)`: the sample has the timings and the failure, the response is None
    on failure. `family` selects the IP version, if the host has it; `turn` selects one of several addresses.
    """
    sample = {}
    started = time.monotonic()

    def lap(name, since):
        now = time.monotonic()
        sample[name] = round((now - since) * 1000, 2)
        return now

    sock = None
    stream = None
    response = None
    try:
        addresses = resolve(request.host, request.port, timeout)
        now = lap("dnsMs", started)
        family = family if family in addresses else sorted(addresses)[0]
        address = addresses[family][turn % len(addresses[family])]
        sample.update(family=family, remote=address[0])
        sock = open_socket(family)
        connect(sock, address, Deadline(timeout))
        now = lap("connectMs", now)
        sample["sourcePort"] = sock.getsockname()[1]
        acked_before = TcpInfo(sock).bytes_acked
        stream = PlainStream(sock) if request.plain else TlsStream(sock, context, request.host)
        stream.handshake(Deadline(timeout))
        now = lap("tlsMs", now)
        stream.send(request.text(), Deadline(timeout))
        first = stream.receive(Deadline(timeout), "first-byte-timeout")
        lap("firstByteMs", now)
        response = read_response(stream, request, first, timeout)
        sample["status"] = response.status
    except ProbeFailure as failure:
        sample.update(failure=failure.kind, message=str(failure))
    except OSError as error:
        failure = failure_of(error)
        sample.update(failure=failure.kind, message=str(failure))
    except ValueError as error:
        # A name or a header that a library refuses: an answer of a server must not end the run.
        sample.update(failure="http", message=f"{type(error).__name__}: {str(error)[:80]}")
    if stream is not None:
        info = settled(sock)
        sample.update(bytesSeen=stream.bytes_seen, retransmits=max(0, info.total_retrans - info.dsack_dups))
        sample["bytesAcked"] = max(0, info.bytes_acked - acked_before)
    if sock is not None:
        abort(sock)
    lap("totalMs", started)
    return sample, response


def settled(sock):
    """
    The kernel's TCP_INFO of a connection, once the peer had time to report that a repeated segment was not needed (DSACK,
    RFC 2883): a busy peer answers after the kernel has repeated the last segment, although nothing was lost.
    """
    info = TcpInfo(sock)
    deadline = Deadline(2 * info.rtt_us / 1e6 + DSACK_SECONDS)
    while info.total_retrans > info.dsack_dups and deadline.left() > 0:
        time.sleep(DSACK_SECONDS / 10)
        info = TcpInfo(sock)
    return info


class Received(io.RawIOBase):
    """What a stream receives, as the file that `http.client` reads. Each read may take the whole timeout."""

    def __init__(self, stream, first, timeout):
        super().__init__()
        self.stream = stream
        self.ready = first
        self.timeout = timeout
        #: Whether the server has closed the connection.
        self.ended = not first

    def makefile(self, _mode):
        return io.BufferedReader(self, PIECE_BYTES)

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.ready and not self.ended:
            self.ready = self.stream.receive(Deadline(self.timeout), "body-timeout")
            self.ended = not self.ready
        piece = self.ready[: len(buffer)]
        self.ready = self.ready[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def read_response(stream, request, first, timeout):
    """Reads head and body; the body at most to `most_body` bytes, or piece by piece into `on_body`."""
    received = Received(stream, first, timeout)
    answer = http.client.HTTPResponse(received, method=request.method)
    try:
        answer.begin()
        # http.client accepts a head that is cut off.
        if received.ended:
            raise ProbeFailure("reset", "the server closed the connection before its answer was complete")
        if request.on_body is not None and answer.status == 200:
            body = b""
            while piece := answer.read(PIECE_BYTES):
                request.on_body(piece)
        else:
            body = answer.read(request.most_body)
    except http.client.HTTPException as error:
        if received.ended:
            raise ProbeFailure("reset", "the server closed the connection before its answer was complete") from error
        raise ProbeFailure("http", f"not a valid HTTP answer: {type(error).__name__}: {str(error)[:80]}") from error
    if received.ended and answer.length:
        raise ProbeFailure("reset", f"the answer ended {answer.length} bytes early")
    return Response(answer.status, answer.headers, body)
