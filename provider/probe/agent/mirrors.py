"""The mirrors that a host's containerd uses for a registry: those in hosts.toml, as containerd's docs/hosts.md describes."""

import os
import re
import ssl
from urllib.parse import urlsplit

HOST = re.compile(r"""^\s*\[\s*host\s*\.\s*["']([^"']+)["']\s*\]\s*$""")
REWRITE = re.compile(r"""^\s*\[\s*host\s*\.\s*["']([^"']+)["']\s*\.\s*rewrite\s*\]\s*$""")
TABLE = re.compile(r"^\s*\[")
KEY = re.compile(r"""^\s*["']?([^"'=]+?)["']?\s*=\s*(.+?)\s*$""")
TEXT = re.compile(r'"([^"]*)"|\'([^\']*)\'')


class Place:
    """A server that images can be fetched from. `rewrites` are `(pattern, replacement)` for repository names."""

    def __init__(self, url, namespace=None):
        parts = urlsplit(url if "://" in url else f"https://{url}")
        self.host = parts.hostname or ""
        self.plain = parts.scheme == "http"
        self.port = parts.port or (80 if self.plain else 443)
        self.path = parts.path.rstrip("/")
        #: The registry that a mirror stands in for; None for the registry itself.
        self.namespace = namespace
        self.override_path = False
        self.capabilities = None
        self.authorities = []
        self.skip_verify = False
        self.rewrites = []

    def serves_pulls(self):
        return self.capabilities is None or {"pull", "resolve"} <= set(self.capabilities)

    def base(self):
        """The part of the path before the repository's name."""
        return self.path if self.override_path or self.path.endswith("/v2") else f"{self.path}/v2"

    def repository(self, name):
        for pattern, replacement in self.rewrites:
            try:
                renamed, changed = re.subn(pattern, re.sub(r"\$\{?(\d+)\}?", r"\\\1", replacement), name)
            except re.error:
                continue
            if changed:
                return renamed
        return name

    def context(self, default):
        """The TLS context that the file asks for; `default` when it asks for none."""
        if not self.authorities and not self.skip_verify:
            return default
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        for file in self.authorities:
            context.load_verify_locations(file)
        if self.skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def mirrors_of(registry, directory):
    """The mirrors of a registry in their order; none when the host has no file for it."""
    if directory is None:
        return []
    for name in (registry, registry.replace(":", "_") + "_" if ":" in registry else registry, "_default"):
        text = contents(os.path.join(directory, name, "hosts.toml"))
        if text is not None:
            found = [place for place in parsed(text, registry, os.path.join(directory, name)) if place.serves_pulls()]
            return [place for place in found if place.host]
    return []


def contents(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def parsed(text, registry, directory):
    """Reads the tables of hosts. Ignores TOML syntax that neither K3s nor people use in these files."""
    places = {}
    take = None
    for line in text.splitlines():
        host, rewrite = HOST.match(line), REWRITE.match(line)
        if host:
            place = places.setdefault(host.group(1), Place(host.group(1), registry))
            take = setting(place, directory)
        elif rewrite:
            place = places.setdefault(rewrite.group(1), Place(rewrite.group(1), registry))
            take = rewriting(place)
        elif TABLE.match(line):
            take = None
        elif take is not None and KEY.match(line):
            take(*KEY.match(line).groups())
    return list(places.values())


def texts(value):
    return [double or single for double, single in TEXT.findall(value)]


def rewriting(place):
    def take(key, value):
        place.rewrites += [(key, replacement) for replacement in texts(value)[:1]]

    return take


def setting(place, directory):
    def take(key, value):
        if key == "capabilities":
            place.capabilities = texts(value)
        elif key == "override_path":
            place.override_path = value.startswith("true")
        elif key == "skip_verify":
            place.skip_verify = value.startswith("true")
        elif key == "ca":
            place.authorities = [os.path.join(directory, file) for file in texts(value)]

    return take
