#!/usr/bin/env python3
"""Pulls images through a pull-through cache, so that the cache holds them before a node asks.

    warm.py TASK    (a JSON file; - for standard input)

Images that the read-only twin has are not fetched again, so a run continues where an earlier one was cut short. Writes
one JSON object on each line: for each image, whether the cache holds it completely, and why not. The exit code is 0 when
the cache holds all images, 1 when it does not, and 2 when a twin does not answer.
"""

import http.client
import json
import platform
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64"}
# An upstream that answers with errors is asked again; one that does not answer at all is asked only a few times.
ATTEMPTS = 10
SILENT_ATTEMPTS = 3
REFUSALS = (400, 401, 403)
MOST_MANIFEST_BYTES = 4 * 1024 * 1024
TWIN_STARTS_WITHIN = 60
STORING_ATTEMPTS = 4
STORED_WITHIN = 20
# The upstream may be slow; a connection without any data for this time counts as broken.
STALLED_AFTER = 60


class Failed(Exception):
    """A request that failed; the message says why."""


class Cache:
    """The cache's registries. Each thread has connections of its own."""

    def __init__(self, address, ca_certificate):
        self.address = address
        self.tls = ssl.create_default_context(cadata=ca_certificate)
        self.local = threading.local()

    def ask(self, port, method, path, headers=None):
        """Status, headers and body of an answer; for a blob, the body's length instead of the body."""
        connections = self.local.__dict__.setdefault("connections", {})
        for fresh in (False, True):
            connection = None if fresh else connections.pop(port, None)
            if connection is None and not fresh:
                continue
            connection = connection or http.client.HTTPSConnection(
                self.address, port, context=self.tls, timeout=STALLED_AFTER
            )
            try:
                connection.request(method, path, headers=headers or {})
                response = connection.getresponse()
                body = self._drained(response, "/blobs/" in path)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if fresh:
                    raise Failed(f"port {port}: {error or type(error).__name__}") from error
                continue
            connections[port] = connection
            return response.status, response.headers, body
        raise AssertionError

    @staticmethod
    def _drained(response, counted):
        if not counted:
            return response.read(MOST_MANIFEST_BYTES)
        size = 0
        while chunk := response.read(1 << 20):
            size += len(chunk)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return size


class Warming:
    def __init__(self, task):
        self.cache = Cache(task["address"], task["caCertificate"])
        self.upstreams = {name: one for one in task["upstreams"] for name in one["names"]}
        self.platforms = task.get("platforms") or [
            f"linux/{ARCHITECTURES.get(platform.machine(), platform.machine())}"
        ]

    def await_twins(self):
        """Waits for all twins. Returns a sentence about the one that does not answer, or None."""
        deadline = time.monotonic() + TWIN_STARTS_WITHIN
        for port in sorted({one["twin"] for one in self.upstreams.values()}):
            while True:
                try:
                    status, _, _ = self.cache.ask(port, "GET", "/v2/")
                    if status == 200:
                        break
                    reason = f"port {port}: it answers {status}"
                except Failed as error:
                    reason = str(error)
                if time.monotonic() > deadline:
                    return reason
                time.sleep(0.2)
        return None

    def warm(self, image):
        """Pulls an image. Tells whether the cache then holds it completely, the bytes that were fetched, and why not."""
        try:
            return {"image": image, "held": True, "bytes": self._pull(image)}
        except Failed as error:
            return {"image": image, "held": False, "bytes": 0, "reason": str(error)}

    def _pull(self, image):
        registry, _, rest = image.partition("/")
        upstream = self.upstreams.get(registry)
        if upstream is None:
            raise Failed(f"this cache has no upstream {registry}")
        repository, version = split_reference(rest)
        manifest, digest = self._manifest(upstream, repository, version)
        pending = [manifest]
        if "manifests" in manifest:
            chosen = [one for one in manifest["manifests"] if self._is_wanted(one.get("platform", {}))]
            if not chosen:
                raise Failed(f"there is no image for {', '.join(self.platforms)}")
            pending = [self._manifest(upstream, repository, one["digest"])[0] for one in chosen]
        blobs = {}
        for one in pending:
            for blob in [one.get("config"), *one.get("layers", [])]:
                # Layers that no registry may distribute have URLs of their own.
                if blob and not blob.get("urls"):
                    blobs[blob["digest"]] = blob["size"]
        fetched = sum(self._blob(upstream, repository, blob, size) for blob, size in blobs.items())
        for held in {version, digest}:
            if not self._is_stored(upstream, f"/v2/{repository}/manifests/{held}"):
                raise Failed(f"the manifest {held} was not stored")
        return fetched

    def _is_wanted(self, found):
        name = f"{found.get('os', 'linux')}/{found.get('architecture', '')}"
        with_variant = f"{name}/{found['variant']}" if found.get("variant") else name
        return name in self.platforms or with_variant in self.platforms

    def _manifest(self, upstream, repository, version):
        path = f"/v2/{repository}/manifests/{version}"
        headers, body = self._proxied(upstream, path, f"the manifest {version}")
        try:
            return json.loads(body), headers.get("Docker-Content-Digest") or version
        except ValueError as error:
            raise Failed(f"the manifest {version} is not JSON") from error

    def _blob(self, upstream, repository, digest, size):
        path = f"/v2/{repository}/blobs/{digest}"
        if self._twin_has(upstream, path):
            return 0
        # Distribution 2 fetches a blob once for the client and once for its storage, and only one of them may fail.
        for _ in range(STORING_ATTEMPTS):
            _, received = self._proxied(upstream, path, digest)
            if received == size and self._is_stored(upstream, path):
                return size
        raise Failed(f"{digest} was not stored completely")

    def _proxied(self, upstream, path, what):
        """Headers and body of the proxy's answer for a path. Raises Failed."""
        silent = 0
        reason = None
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(0.25 * 2**attempt, 4))
            try:
                status, headers, body = self.cache.ask(upstream["proxy"], "GET", path, {"Accept": ACCEPT})
            except Failed as error:
                silent += 1
                if silent == SILENT_ATTEMPTS:
                    raise
                reason = str(error)
                continue
            if status == 200:
                return headers, body
            reason = f"the proxy answers {status} for {what}"
            # Distribution 2 also answers 404 when the upstream answered with an error for a tag that it does not hold.
            if status in REFUSALS:
                break
        raise Failed(reason)

    def _is_stored(self, upstream, path):
        # The proxy answers before it has stored everything.
        deadline = time.monotonic() + STORED_WITHIN
        while not self._twin_has(upstream, path):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _twin_has(self, upstream, path):
        status, _, _ = self.cache.ask(upstream["twin"], "HEAD", path, {"Accept": ACCEPT})
        return status == 200


def split_reference(rest):
    """`library/busybox:1.37.0` or `…@sha256:…` as repository and tag or digest."""
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.partition(":")
    return repository, digest if at else tag if colon else "latest"


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main(path):
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        task = json.load(file)
    warming = Warming(task)
    silent = warming.await_twins()
    if silent is not None:
        say({"silent": silent})
        return 2
    results = []
    with ThreadPoolExecutor(max_workers=task.get("parallel", 4)) as pool:
        for result in pool.map(warming.warm, task["images"]):
            results.append(result)
            say(result)
    missing = [result for result in results if not result["held"]]
    say({"ended": True, "held": len(results) - len(missing), "missing": len(missing)})
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
