"""TLS over a socket of the agent: a hello of a chosen size, and counts of the bytes that a stalled connection carried."""

import select
import ssl

from agent.tcp import ProbeFailure, failure_of, wait

# A Go client's hello with ML-KEM has 1,530 bytes. This one is larger than a segment, so a full segment is sent.
LARGE_HELLO_BYTES = 1800


class SocketStream:
    """A connected, non-blocking socket, and how many bytes went each way."""

    def __init__(self, sock):
        self.sock = sock
        self.bytes_seen = 0
        self.bytes_sent = 0

    def _send_all(self, data, deadline, on_timeout):
        while data:
            try:
                sent = self.sock.send(data)
                self.bytes_sent += sent
                data = data[sent:]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline, on_timeout)
            except OSError as error:
                raise self._lost(error) from error

    def _arrived(self, deadline, on_timeout):
        """Some bytes, none at the end of the stream, or None when nothing has come."""
        self._wait(select.POLLIN, deadline, on_timeout)
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._lost(error) from error
        self.bytes_seen += len(data)
        return data

    def _wait(self, events, deadline, on_timeout):
        if not wait(self.sock, events, deadline):
            raise ProbeFailure(on_timeout, f"nothing more for {deadline.seconds:g} s")

    @staticmethod
    def _lost(error):
        return failure_of(error)


class TlsStream(SocketStream):
    """A TLS connection on a connected, non-blocking socket."""

    def __init__(self, sock, context, host):
        super().__init__(sock)
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)

    def handshake(self, deadline):
        self._drive(self.tls.do_handshake, deadline, "tls-timeout")

    def send(self, data, deadline):
        self._drive(lambda: self.tls.write(data), deadline, "first-byte-timeout")
        self._flush(deadline, "first-byte-timeout")

    def receive(self, deadline, on_timeout):
        """Some bytes, or none at the end of the stream."""
        try:
            return self._drive(lambda: self.tls.read(65536), deadline, on_timeout)
        except ssl.SSLZeroReturnError:
            return b""

    def _drive(self, step, deadline, on_timeout):
        while True:
            try:
                result = step()
                self._flush(deadline, on_timeout)
                return result
            except ssl.SSLWantReadError:
                self._flush(deadline, on_timeout)
                self._fill(deadline, on_timeout)
            except ssl.SSLZeroReturnError:
                raise
            except ssl.SSLCertVerificationError as error:
                self._say_goodbye(deadline)
                raise ProbeFailure("certificate", error.verify_message) from error
            except ssl.SSLEOFError as error:
                if on_timeout == "tls-timeout":
                    raise ProbeFailure("reset", "the server closed the connection in the handshake") from error
                return b""
            except ssl.SSLError as error:
                raise ProbeFailure("tls-alert", error.reason or str(error)) from error

    def _say_goodbye(self, deadline):
        """Sends the alert that tells the server why the handshake ends."""
        try:
            self._flush(deadline, "tls-timeout")
        except ProbeFailure:
            pass

    def _flush(self, deadline, on_timeout):
        self._send_all(self.outgoing.read(), deadline, on_timeout)

    def _fill(self, deadline, on_timeout):
        data = self._arrived(deadline, on_timeout)
        if data:
            self.incoming.write(data)
        elif data is not None:
            self.incoming.write_eof()

    @staticmethod
    def _lost(error):
        failure = failure_of(error)
        # An established connection cannot time out while it connects.
        return ProbeFailure("reset", str(failure)) if failure.kind == "connect-timeout" else failure


class PlainStream(SocketStream):
    """The same without TLS."""

    def handshake(self, _deadline):
        pass

    def send(self, data, deadline):
        self._send_all(data, deadline, "first-byte-timeout")

    def receive(self, deadline, on_timeout):
        """Some bytes, or none at the end of the stream."""
        while True:
            data = self._arrived(deadline, on_timeout)
            if data is not None:
                return data


def padded_context(filler):
    """
    A client context whose hello carries `filler` bytes of application protocols nobody speaks. One curve keeps the
    hello small where OpenSSL would send ML-KEM shares.
    """
    context = ssl.create_default_context()
    # Python 3.13 refuses certificates that RFC 5280 finds fault with; container runtimes, written in Go, do not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_ecdh_curve("prime256v1")
    names = ["http/1.1"]
    while filler > 0:
        length = min(filler, 255)
        names.append("x" * length)
        filler -= length
    context.set_alpn_protocols(names)
    return context


def hello_bytes(context, host):
    """The first flight that a context sends to a host."""
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def contexts():
    """A context for each size of hello. Made once: loading the host's trust store takes tens of milliseconds."""
    probe = len(hello_bytes(padded_context(LARGE_HELLO_BYTES), "clearpath.invalid"))
    return {
        "small": padded_context(0),
        "large": padded_context(2 * LARGE_HELLO_BYTES - probe),
    }
