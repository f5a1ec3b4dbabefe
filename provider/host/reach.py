"""Which endpoints answer a TLS handshake, over which IP version. Nobody's certificate is judged: the way there is."""

import json
import socket
import ssl
import sys
import threading
import time

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


def handshake(host, port, family, seconds):
    """Raises OSError when the endpoint does not answer, or has no address of the family."""
    address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(address[:2], timeout=seconds) as plain:
        context.wrap_socket(plain, server_hostname=host).close()


def attempt(task, family, seconds, answered):
    try:
        handshake(task["host"], task["port"], FAMILIES[family], seconds)
        answered.append(family)
    except OSError:
        pass


def main():
    """Reads `{tasks: [{host, port, families}], tries, seconds}`; prints how many tries came about, by task and family."""
    given = json.load(sys.stdin)
    ends_at = time.monotonic() + given["seconds"]
    results, workers = [], []
    for task in given["tasks"]:
        answered = []
        results.append(answered)
        for family in task["families"] * given["tries"]:
            arguments = (task, family, given["seconds"], answered)
            workers.append(threading.Thread(target=attempt, args=arguments, daemon=True))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0, ends_at - time.monotonic()))
    print(json.dumps([{family: answered.count(family) for family in FAMILIES} for answered in results]))


main()
