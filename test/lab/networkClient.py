"""A client of the lab's internet, for test/lab/network.test.ts: does one thing, prints one JSON value.

usage: python3 networkClient.py HOSTS_JSON CA COMMAND ARGS…    (names resolve by HOSTS_JSON, as DNS would)
"""

import concurrent.futures
import json
import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.request

HOSTS, CA = json.loads(sys.argv[1]), sys.argv[2]
TLS = ssl.create_default_context(cafile=CA)
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
TIMEOUT = 2
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DO, IP_MTU, IPV6_MTU = 10, 23, 2, 14, 24
QUERY = struct.pack("!HHHHHH", 7, 256, 1, 0, 0, 0) + b"\4ghcr\2io\0" + struct.pack("!HH", 1, 1)


LOOKUP = socket.getaddrinfo


def resolve(host, port, *more, **named):
    """Names by HOSTS_JSON, addresses as they are."""
    return LOOKUP(HOSTS[host]["ipv4"] if host in HOSTS else host, port, *more, **named)


def send_packet(family, size, answer_within=0.5):
    """Sends one DNS query in an unfragmentable packet of this size. Gives whether it was answered and the path MTU known."""
    headers = 28 if family == "ipv4" else 48
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as sock:
        level, discover, mtu = (0, IP_MTU_DISCOVER, IP_MTU) if family == "ipv4" else (41, IPV6_MTU_DISCOVER, IPV6_MTU)
        sock.setsockopt(level, discover, PMTUDISC_DO)
        sock.settimeout(answer_within)
        sock.connect((HOSTS["dns"][family], 53))
        try:
            sock.send(QUERY + bytes(size - headers - len(QUERY)))
            answered = bool(sock.recv(2000))
        except OSError:
            answered = False
        return {"answered": answered, "pathMtu": sock.getsockopt(level, mtu)}


def queries(count):
    """Share of DNS queries that are answered, and the quickest answer's time in milliseconds."""

    def one(_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            began = time.monotonic()
            sock.sendto(QUERY, (HOSTS["dns"]["ipv4"], 53))
            try:
                sock.recv(2000)
                return (time.monotonic() - began) * 1000
            except OSError:
                return None

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        times = list(pool.map(one, range(count)))
    answered = [value for value in times if value is not None]
    return {"answered": len(answered) / count, "quickestMs": min(answered, default=None)}


def handshake(family, size, timeout=TIMEOUT):
    """How a TLS handshake ends: `ok` or the error. A large hello fills two packets, padded by names of protocols."""
    context = ssl.create_default_context(cafile=CA)
    if size == "large":
        context.set_alpn_protocols(["http/1.1"] + ["x%03d" % number + "y" * 100 for number in range(13)])
    try:
        address = (HOSTS["ghcr.io"][family], 443)
        with socket.create_connection(address, timeout=timeout) as sock:
            context.wrap_socket(sock, server_hostname="ghcr.io").close()
        return "ok"
    except OSError as error:
        return str(error)


def handshakes(family, size, count):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        return list(pool.map(lambda _: handshake(family, size), range(count)))


def get(url, token=None, accept="*/*"):
    """Status, headers and body of a request that follows redirects; the error's text where there was no answer."""
    request = urllib.request.Request(url, headers={"accept": accept})
    if token:
        request.add_header("authorization", "Bearer " + token)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=TLS))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return {"status": answer.status, "url": answer.url, "body": answer.read().decode("latin1")}
    except urllib.error.HTTPError as error:
        headers = {name.lower(): value for name, value in error.headers.items()}
        return {"status": error.code, "headers": headers, "body": error.read().decode("latin1")}
    except OSError as error:
        return {"error": str(error)}


def download(url):
    """Megabits a second of one download."""
    began = time.monotonic()
    size = len(get(url)["body"])
    return size * 8 / 1e6 / (time.monotonic() - began)


socket.getaddrinfo = resolve
COMMANDS = {each.__name__: each for each in (send_packet, queries, handshake, handshakes, get, download)}
ARGUMENTS = [json.loads(argument) for argument in sys.argv[4:]]
print(json.dumps(COMMANDS[sys.argv[3]](*ARGUMENTS)))
