"""TCP connections that say what happened to them: who failed, and what the kernel knows of their packets."""

import errno
import select
import socket
import struct
import time

IP_MTU_DISCOVER = 10
IPV6_MTU_DISCOVER = 23
IPV6_AUTOFLOWLABEL = 70
PMTUDISC_DO = 2

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
IP_HEADER = {"ipv4": 20, "ipv6": 40}
TCP_HEADER = 20
TIMESTAMP_OPTION = 12


class ProbeFailure(Exception):
    """How an attempt failed: `kind` is a FailureKind of network/probe/report.ts."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Deadline:
    """A point in time; several waits may share it."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.at = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.at - time.monotonic())


class TcpInfo:
    """The fields of the kernel's `struct tcp_info` (include/uapi/linux/tcp.h) that probes need."""

    U32 = {
        "snd_mss": 16,
        "rcv_mss": 20,
        "unacked": 24,
        "sacked": 28,
        "pmtu": 60,
        "rtt_us": 68,
        "advmss": 84,
        "total_retrans": 100,
    }
    U64 = {"bytes_acked": 120, "bytes_received": 128}
    # Since Linux 5.4; zero before.
    LATE_U32 = {"dsack_dups": 216, "rcv_ooopack": 224}
    TIMESTAMPS = 1
    SACK = 2

    def __init__(self, sock):
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        self.timestamps = bool(raw[5] & self.TIMESTAMPS)
        self.sack = bool(raw[5] & self.SACK)
        for name, offset in self.U32.items():
            setattr(self, name, struct.unpack_from("=I", raw, offset)[0])
        for name, offset in self.U64.items():
            setattr(self, name, struct.unpack_from("=Q", raw, offset)[0])
        for name, offset in self.LATE_U32.items():
            setattr(self, name, struct.unpack_from("=I", raw, offset)[0] if len(raw) >= offset + 4 else 0)


def open_socket(family, max_segment=None, source_port=None):
    """
    A TCP socket that never fragments. `source_port` fixes the path where ECMP hashes ports. The IPv6 flow label, which
    some routers hash too, is switched off: otherwise the kernel chooses another one for each connection.
    """
    sock = socket.socket(FAMILIES[family], socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # On every socket: otherwise one that has a port from the kernel would keep another socket from using that port.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == "ipv4":
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0)
    if max_segment is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, max_segment)
    if source_port is not None:
        sock.bind(("" if family == "ipv4" else "::", source_port))
    return sock


def connect(sock, address, deadline):
    """Connects, or raises ProbeFailure."""
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    except OSError as error:
        raise failure_of(error) from error
    if not wait(sock, select.POLLOUT, deadline):
        raise ProbeFailure("connect-timeout", f"no SYN-ACK within {deadline.seconds:g} s")
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise failure_of(OSError(code, errno.errorcode.get(code, str(code))))


def wait(sock, events, deadline):
    """Waits until the socket is ready; False when the time is up."""
    poller = select.poll()
    poller.register(sock, events)
    return bool(poller.poll(deadline.left() * 1000))


def abort(sock):
    """Closes with a reset, so that the peer drops the connection at once and its source port is free again."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    sock.close()


KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EHOSTDOWN: "unreachable",
    errno.EACCES: "unreachable",
    errno.EMSGSIZE: "emsgsize",
    errno.ETIMEDOUT: "connect-timeout",
}


def failure_of(error):
    """The failure that the OSError of a socket call means."""
    return ProbeFailure(KINDS.get(error.errno, "local"), error.strerror or str(error))
