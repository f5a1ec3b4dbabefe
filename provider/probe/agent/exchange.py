"""One HTTPS request on a connection of its own, timed phase by phase."""

import time

from agent.names import resolve
from agent.tcp import Deadline, ProbeFailure, TcpInfo, abort, connect, failure_of, open_socket
from agent.tls import PlainStream, TlsStream

LONGEST_HEAD = 65536
# Beyond two round trips, for a peer's kernel that is busy too.
DSACK_SECONDS = 0.05


class Response:
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
        #: Without TLS, as mirrors in the own network often are.
        self.plain = False

    def text(self):
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["User-Agent: clearpath-probe/1", "Accept-Encoding: identity", "Connection: close", "", ""]
        return "\r\n".join(lines).encode()


def exchange(request, context, timeout, family=None, turn=0):
    """
    Sends a request and returns `(sample, response)`: the sample has the timings and the failure, the response is None
    on failure. `family` picks the IP version where the host has it; `turn` picks among several addresses.
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
    The kernel's view of a connection once the peer had time to say that a repeated segment was not needed (DSACK, RFC
    2883): a peer that is busy answers after the kernel's patience with the last segment, and nothing was lost.
    """
    info = TcpInfo(sock)
    deadline = Deadline(2 * info.rtt_us / 1e6 + DSACK_SECONDS)
    while info.total_retrans > info.dsack_dups and deadline.left() > 0:
        time.sleep(DSACK_SECONDS / 10)
        info = TcpInfo(sock)
    return info


def read_response(stream, request, first, timeout):
    """Reads head and body; the body at most to `most_body` bytes, or piece by piece into `on_body`."""
    data = first
    while b"\r\n\r\n" not in data:
        more = stream.receive(Deadline(timeout), "body-timeout") if data else b""
        if not more or len(data) > LONGEST_HEAD:
            raise ProbeFailure("reset", "the server closed the connection before its answer was complete")
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) < 2 or not parts[1].isdigit():
        raise ProbeFailure("http", f"not an HTTP answer: {lines[0][:80]}")
    status = int(parts[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    empty = request.method == "HEAD" or status in (204, 304)
    reader = chunks if "chunked" in headers.get("transfer-encoding", "").lower() else plain
    kept = b""
    if not empty:
        for piece in reader(stream, body, headers, timeout):
            if request.on_body is not None and status == 200:
                request.on_body(piece)
            else:
                kept += piece
                if len(kept) >= request.most_body:
                    break
    return Response(status, headers, kept)


def plain(stream, body, headers, timeout):
    left = int(headers["content-length"]) if headers.get("content-length", "").isdigit() else None
    while True:
        if body:
            yield body
            left = None if left is None else left - len(body)
        if left is not None and left <= 0:
            return
        body = stream.receive(Deadline(timeout), "body-timeout")
        if not body:
            if left:
                raise ProbeFailure("reset", f"the answer ended {left} bytes early")
            return


def chunks(stream, data, _headers, timeout):
    def need(satisfied):
        nonlocal data
        while not satisfied():
            more = stream.receive(Deadline(timeout), "body-timeout")
            if not more:
                raise ProbeFailure("reset", "the answer ended in the middle of a chunk")
            data += more

    while True:
        need(lambda: b"\r\n" in data)
        line, data = data.split(b"\r\n", 1)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return
        need(lambda: len(data) >= size + 2)
        yield data[:size]
        data = data[size + 2 :]
