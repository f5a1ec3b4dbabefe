"""Which endpoints answer a TLS handshake, over which IP version. Nobody's certificate is judged: the way there is."""

import json
import socket
import ssl
import sys
import threading
import time

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
# Makes a hello larger than a packet, so that the way up is asked as well; servers skip protocols that they do not know.
PROTOCOLS = ["http/1.1"] + [f"clearpath-filler-{number:03d}-{'x' * 200}" for number in range(9)]


def answers(host, port, family, seconds):
    """Whether an endpoint answers. One without an address of the family does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(PROTOCOLS)
    try:
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
        with socket.create_connection(address[:2], timeout=seconds) as plain:
            context.wrap_socket(plain, server_hostname=host).close()
        return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError:
        # A refusal is an answer.
        return True
    except OSError:
        return False


class Asking:
    """Handshakes with one endpoint over one IP version."""

    def __init__(self, task, family):
        self.task = task
        self.family = family
        self.answered = 0

    def attempt(self, seconds):
        if answers(self.task["host"], self.task["port"], FAMILIES[self.family], seconds):
            self.answered += 1


def main():
    """
    Reads `{tasks: [{host, port, families}], tries, needed, seconds}`. Prints the families of each task over which
    `needed` of so many tries were answered, as soon as that is known.
    """
    given = json.load(sys.stdin)
    ends_at = time.monotonic() + given["seconds"]
    askings = [[Asking(task, family) for family in task["families"]] for task in given["tasks"]]
    workers = [
        threading.Thread(target=asking.attempt, args=(given["seconds"],), daemon=True)
        for of_task in askings
        for asking in of_task
        for _ in range(given["tries"])
    ]
    for worker in workers:
        worker.start()

    def reached():
        return [[one.family for one in of_task if one.answered >= given["needed"]] for of_task in askings]

    wanted = [task["families"] for task in given["tasks"]]
    while time.monotonic() < ends_at and reached() != wanted and any(worker.is_alive() for worker in workers):
        time.sleep(0.02)
    print(json.dumps(reached()))


main()
