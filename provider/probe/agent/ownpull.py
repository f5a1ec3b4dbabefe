"""An image pull without a runtime. It asks the same servers as the host's runtime: its mirrors, then the registry."""

import hashlib
import time

from agent.exchange import exchange
from agent.mirrors import Place, mirrors_of
from agent.registry import Image, RegistryWalk
from agent.rounds import refusal


class OwnPull:
    """Fetches manifest, config and layers of one image and checks their digests. Nothing is stored."""

    def __init__(self, reference, context, directory, left, patience):
        self.image = Image(reference)
        self.context = context
        #: Where hosts.toml files are, or None.
        self.directory = directory
        #: A function that returns the remaining seconds.
        self.left = left
        self.patience = patience
        self.started = time.monotonic()

    def run(self):
        """What failed at each server, or None when the whole image was fetched."""
        upstream = Place(f"https://{self.image.host}:{self.image.port}")
        errors = []
        for place in [*mirrors_of(self.image.registry, self.directory), upstream]:
            error = self._from(place)
            if error is None:
                return None
            errors.append(error if place is upstream else f"mirror {place.host}:{place.port}: {error}")
        return "; ".join(errors)

    def _from(self, place):
        errors = []
        try:
            context = place.context(self.context)
        except (OSError, ValueError) as error:
            return f"its certificate authorities cannot be read: {error}"

        def send(request, flow):
            left = self.left()
            if left <= 0:
                errors.append(f"no end after {time.monotonic() - self.started:.0f} s")
                return None
            at_place = (request.host, request.port) == (place.host, place.port)
            request.plain = place.plain and at_place
            timeout = min(left, self.patience)
            sample, response = exchange(request, context if at_place else self.context, timeout)
            if response is None:
                errors.append(f"{flow} from {request.host}: {sample['failure']}: {sample['message']}")
                return None
            if refusal(response, (200, 206, 401)) is not None:
                errors.append(f"{flow} from {request.host}: HTTP {response.status}")
                return None
            return response

        walk = RegistryWalk(self.image, place.host, place.port, send, place=place)
        blobs = walk.blobs()
        if blobs is None:
            return errors[-1] if errors else "the registry gave no manifest for this machine"
        for blob in blobs:
            digest = hashlib.sha256()
            if not walk.blob(blob["digest"], digest.update):
                return errors[-1] if errors else f"the registry gave no blob {blob['digest']}"
            if blob["digest"] != f"sha256:{digest.hexdigest()}":
                return f"blob {blob['digest']} has other content: sha256:{digest.hexdigest()}"
        return None
