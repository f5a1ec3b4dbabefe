"""Name resolution by the host's own resolver, with a time limit."""

import socket
import threading

from agent.tcp import ProbeFailure

NAMES = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}


def resolve(host, port, timeout):
    """
    Addresses of a host by IP family: `{"ipv4": [sockaddr], "ipv6": [sockaddr]}`, families without an address left out.
    `getaddrinfo` cannot be interrupted, so it runs in a thread that is abandoned when the time is up.
    """
    answer = {}
    done = threading.Event()

    def ask():
        try:
            answer["found"] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answer["error"] = error
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    if not done.wait(timeout):
        raise ProbeFailure("dns", f"{host}: no answer from the resolver within {timeout:g} s")
    if "error" in answer:
        raise ProbeFailure("dns", f"{host}: {getattr(answer['error'], 'strerror', None) or answer['error']}")
    addresses = {}
    for family, _, _, _, sockaddr in answer["found"]:
        if family in NAMES and sockaddr not in addresses.setdefault(NAMES[family], []):
            addresses[NAMES[family]].append(sockaddr)
    return addresses
