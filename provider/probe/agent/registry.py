"""The requests a container runtime makes to pull an image: challenge, token, manifest, blob."""

import json
import platform
import re
from urllib.parse import quote, urlsplit

from agent.exchange import Request

MANIFEST_TYPES = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)
MOST_HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
# As the OCI image specification writes digests.
DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+")
# A line end in what a server sends must not begin another header of the next request.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_MANIFEST_BYTES = 4 * 1024 * 1024
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64"}


class Image:
    """The parts of an image reference such as `docker.io/library/busybox:1.37.0`."""

    def __init__(self, reference):
        self.reference = reference
        name, _, self.digest = reference.partition("@")
        first, _, rest = name.partition("/")
        if rest and ("." in first or ":" in first or first == "localhost"):
            registry, path = first, rest
        else:
            registry, path = "docker.io", name if rest else f"library/{name}"
        self.repository, _, tag = path.partition(":")
        self.version = self.digest or tag or "latest"
        #: As containerd's hosts.toml files are named after it.
        self.registry = "docker.io" if registry == "index.docker.io" else registry
        host = "registry-1.docker.io" if registry in ("docker.io", "index.docker.io") else registry
        self.host, _, port = host.partition(":")
        self.port = int(port or 443)


class RegistryWalk:
    """
    Requests to one registry for one image. `send(request, flow)` sends one and returns its response, or None when it
    failed; `send` records the failure. `known_blobs` keeps the blobs of each image for all walks of a run, so that each
    manifest is fetched once, because registries limit the rate of manifests.
    """

    def __init__(self, image, host, port, send, known_blobs=None, place=None):
        self.image = image
        self.host = host
        self.port = port
        self.send = send
        #: The mirror (mirrors.Place) that is asked instead of the registry; None for the registry itself.
        self.place = place
        self.tokens = {}
        self.known_blobs = {} if known_blobs is None else known_blobs

    def walk(self):
        """Asks for token, manifest and the beginning of a blob, as a runtime does; True when all of it worked."""
        manifest = self._path("manifests", self.image.version)
        accept = {"Accept": MANIFEST_TYPES}
        if self._fetch(manifest, "manifest", accept, method="HEAD") is None:
            return False
        blobs = self.known_blobs.get(self.image.reference) or self.blobs()
        if not blobs:
            return False
        self.known_blobs[self.image.reference] = blobs
        path = self._path("blobs", blobs[-1]["digest"])
        return self._fetch(path, "blob", {"Range": "bytes=0-65535"}) is not None

    def blobs(self):
        """The config and the layers of the image for this machine, as the manifest lists them; None when it failed."""
        version = self.image.version
        for _ in range(2):
            accept = {"Accept": MANIFEST_TYPES}
            path = self._path("manifests", version)
            response = self._fetch(path, "manifest", accept, most_body=MOST_MANIFEST_BYTES)
            if response is None:
                return None
            manifest = json_object(response.body)
            if "manifests" not in manifest:
                parts = [manifest[part] for part in ("config",) if part in manifest]
                return descriptors([*parts, *as_list(manifest.get("layers", []))])
            version = self._for_this_machine(descriptors(manifest["manifests"]) or [])
            if version is None:
                return None
        return None

    def blob(self, digest, on_body):
        """Fetches a whole blob; True on success."""
        return self._fetch(self._path("blobs", digest), "blob", {}, on_body=on_body) is not None

    @staticmethod
    def _for_this_machine(manifests):
        architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
        for manifest in manifests:
            on = manifest.get("platform")
            on = on if isinstance(on, dict) else {}
            if on.get("os", "linux") == "linux" and on.get("architecture", architecture) == architecture:
                return manifest["digest"]
        return None

    def _path(self, kind, version):
        if self.place is None:
            return f"/v2/{self.image.repository}/{kind}/{version}"
        namespace = f"?ns={self.place.namespace}" if self.place.namespace else ""
        return f"{self.place.base()}/{self.place.repository(self.image.repository)}/{kind}/{version}{namespace}"

    def _fetch(self, path, flow, headers, method="GET", **how):
        """Follows redirects, and answers one challenge of each host; the response with status 200 or 206, or None."""
        host, port = self.host, self.port
        for _ in range(MOST_HOPS):
            token = self.tokens.get(host)
            credentials = {"Authorization": f"Bearer {token}"} if token else {}
            response = self.send(Request(host, port, path, method, {**headers, **credentials}, **how), flow)
            if response is None:
                return None
            if response.status in (200, 206):
                return response
            if response.status in REDIRECTS and "location" in response.headers:
                target = moved(host, port, response.headers["location"])
                if target is None:
                    return None
                host, port, path = target
            elif response.status == 401 and token is None:
                if not self._authenticate(host, response.headers.get("www-authenticate", "")):
                    return None
            else:
                return None
        return None

    def _authenticate(self, host, challenge):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if not challenge.lower().startswith("bearer ") or "realm" not in fields:
            return False
        scope = fields.get("scope") or f"repository:{self.image.repository}:pull"
        query = "&".join(
            f"{name}={quote(value, safe='')}"
            for name, value in (("service", fields.get("service")), ("scope", scope))
            if value
        )
        realm = moved(None, None, fields["realm"])
        if realm is None:
            return False
        realm_host, realm_port, path = realm
        path += ("&" if "?" in path else "?") + query
        response = self.send(Request(realm_host, realm_port, path, most_body=1024 * 1024), "token")
        if response is None or response.status != 200:
            return False
        answer = json_object(response.body)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or CONTROL.search(token):
            return False
        self.tokens[host] = token
        return True


def moved(host, port, location):
    """
    The target of a URL, which may be relative to a host, as `(host, port, path)`; None when the URL is not valid. The
    target is always asked by HTTPS.
    """
    try:
        target = urlsplit(location)
        if target.netloc:
            host, port = target.hostname, target.port or 443
    except ValueError:
        return None
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    return None if not host or CONTROL.search(path) else (host, port, path)


def json_object(body):
    """The JSON object that a body holds; an empty one where it holds anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def as_list(value):
    return value if isinstance(value, list) else [None]


def descriptors(values):
    """The content descriptors of a manifest, or None where one of them is not valid or there are none."""
    valid = [value for value in as_list(values) if isinstance(value, dict) and is_digest(value.get("digest"))]
    return valid if valid and len(valid) == len(as_list(values)) else None


def is_digest(value):
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None
