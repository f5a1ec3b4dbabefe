"""Rounds of requests to every endpoint: in parallel, at a limited rate, and only until a decision is possible."""

import itertools
import re
import threading
import time

from agent.exchange import Request, exchange
from agent.registry import REDIRECTS, Image, RegistryWalk, moved

# A decision needs connections of every kind: two IP versions, two sizes of hello, each of them twice.
FEWEST_ROUNDS = 8
# An odd number, so that walks alternate between the IP versions.
WALK_EVERY = 5
BACK_OFF_SECONDS = 5
LONGEST_BACK_OFF_SECONDS = 60
WAKE_SECONDS = 0.5
# At most nine digits: Python refuses to parse numbers with thousands of digits.
SECONDS = re.compile(r"[0-9]{1,9}")
# Failures of a connection whose large packets are dropped.
STALLS = ("tls-timeout", "first-byte-timeout", "body-timeout")


class SequentialTest:
    """
    Adds up results in the order in which the attempts were started. A failure takes longer to show than a success, so
    a running attempt holds back the later ones; otherwise quick successes alone would decide.
    """

    def __init__(self, weights):
        self.weights = weights
        self.outcomes = {}
        self.next = 0
        self.sum = 0.0
        self.failures = 0
        self.decision = None

    def add(self, number, good):
        self.outcomes[number] = good
        self.failures += not good
        while self.next in self.outcomes and self.decision is None:
            self.sum += self.weights["success" if self.outcomes.pop(self.next) else "failure"]
            self.next += 1
            if self.sum <= self.weights["stable"]:
                self.decision = "stable"
            elif self.sum >= self.weights["unstable"]:
                self.decision = "unstable"


class EndpointRounds:
    """The rounds that one endpoint still needs, and when the next request may start."""

    def __init__(self, endpoint, images, rounds, weights):
        self.host = endpoint["host"]
        self.endpoint = endpoint
        self.images = images
        self.rounds = rounds
        self.started = 0
        self.finished = 0
        self.under_way = {}
        self.not_before = 0.0
        self.limited = 0
        self.test = SequentialTest(weights)
        self.judged = itertools.count()
        self.blobs = {}

    def back_off(self, retry_after):
        """Seconds to wait after a 429: as long as the server asks, otherwise twice as long each time."""
        self.limited += 1
        asked = int(retry_after) if SECONDS.fullmatch(retry_after) else BACK_OFF_SECONDS * 2 ** (self.limited - 1)
        return min(asked, LONGEST_BACK_OFF_SECONDS)


class Rounds:
    def __init__(self, task, contexts, families, stream):
        self.plan = task["plan"]
        self.tokens = task["tokens"]
        self.contexts = contexts
        self.families = families
        self.stream = stream
        images = [Image(reference) for reference in self.plan["images"]]
        self.endpoints = [
            EndpointRounds(
                endpoint,
                [image for image in images if image.host == endpoint["host"]],
                self.plan["rounds"],
                task["sequentialTest"],
            )
            for endpoint in self.plan["endpoints"]
        ]
        self.called = {endpoint["host"] for endpoint in self.plan["endpoints"]}
        self.pooled = SequentialTest(task["sequentialTest"])
        self.numbers = itertools.count()
        self.out_of_time = False
        self.extended = False
        #: Hosts, other than the endpoints, that connected and then sent nothing, as `{"host", "port"}`.
        self.stalled = []
        self.lock = threading.Condition()

    def run(self, ends_at):
        """Returns when all endpoints are decided or their rounds are done, or at `ends_at` of the monotonic clock."""
        workers = [
            threading.Thread(target=self._work, args=(ends_at,), daemon=True) for _ in range(self.plan["parallel"])
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self, ends_at):
        while True:
            job = self._next(ends_at)
            if job is None:
                return
            rounds, turn = job
            try:
                self._round(rounds, turn)
            finally:
                with self.lock:
                    del rounds.under_way[turn]
                    rounds.finished += 1
                    self.lock.notify_all()

    def _next(self, ends_at):
        """The next round that may start; waits while all endpoints are at their rate limit."""
        with self.lock:
            while True:
                now = time.monotonic()
                open_ones = [] if self._decided() else [rounds for rounds in self.endpoints if self._wants_more(rounds)]
                if not open_ones and now < ends_at and self._needs_more():
                    if any(rounds.under_way for rounds in self.endpoints):
                        self.lock.wait(min(ends_at, now + WAKE_SECONDS) - now)
                    else:
                        self._extend()
                    continue
                if open_ones and now >= ends_at:
                    self.out_of_time = True
                if not open_ones or now >= ends_at:
                    return None
                ready = [rounds for rounds in open_ones if self._may_start(rounds, now)]
                if ready:
                    rounds = min(ready, key=lambda candidate: candidate.started)
                    turn = rounds.started
                    rounds.started += 1
                    rounds.under_way[turn] = now
                    rounds.not_before = now + 1 / self.plan["ratePerEndpoint"]
                    return rounds, turn
                starts = [rounds.not_before for rounds in open_ones if rounds.not_before > now]
                self.lock.wait(min([*starts, ends_at, now + WAKE_SECONDS]) - now)

    def _needs_more(self):
        """Whether a few failures leave the rounds undecided: more attempts show whether they were stray failures."""
        return self.pooled.decision is None and self.pooled.failures > 0 and not self.extended

    def _extend(self):
        self.extended = True
        for rounds in self.endpoints:
            rounds.rounds += self.plan["rounds"]

    def _decided(self):
        enough = min(FEWEST_ROUNDS, self.plan["rounds"])
        return self.pooled.decision is not None and all(rounds.finished >= enough for rounds in self.endpoints)

    @staticmethod
    def _wants_more(rounds):
        return rounds.started < rounds.rounds and rounds.test.decision != "unstable"

    def _may_start(self, rounds, now):
        """Whether to start another attempt now: one that is about to time out most likely decides, so it comes first."""
        oldest = min(rounds.under_way.values(), default=now)
        return now - oldest < self.plan["timeoutSeconds"] / 2 and rounds.not_before <= now

    def _round(self, rounds, turn):
        endpoint = rounds.endpoint
        family = self.families[turn % len(self.families)]
        hello = ("small", "large")[turn // len(self.families) % 2]
        how = {"rounds": rounds, "family": family, "hello": hello, "turn": turn}
        first = Request(endpoint["host"], endpoint["port"], endpoint["path"])
        registry = endpoint["kind"] == "registry"
        response = self._send(first, "ping" if registry else "api", expected=endpoint["expectStatus"], **how)
        token = self.tokens.get(endpoint["host"])
        if not registry and token and response is not None:
            headers = {"Authorization": f"Bearer {token}"}
            known = Request(endpoint["host"], endpoint["port"], endpoint["path"], headers=headers)
            self._send(known, "authenticated", expected=(200,), **how)
        if registry and response is not None and turn % WALK_EVERY == 0:
            for image in rounds.images:
                self._walk(image, how)

    def _walk(self, image, how):
        """Asks for everything that a pull of the image asks for, up to the beginning of a blob."""
        rounds = how["rounds"]

        def send(request, flow):
            return self._send(request, flow, expected=(200,) if flow == "token" else (200, 206, 401), **how)

        walk = RegistryWalk(image, rounds.host, rounds.endpoint["port"], send, rounds.blobs)
        walk.walk()

    def _send(self, request, flow, expected, rounds, family, hello, turn):
        """Sends one request and writes its sample. The response, or None when it failed."""
        with self.lock:
            number = next(self.numbers)
            number_here = next(rounds.judged)
        at = self.stream.elapsed()
        sample, response = exchange(request, self.contexts[hello], self.plan["timeoutSeconds"], family, turn)
        asked_to_wait = response.headers.get("retry-after", "") if response is not None else ""
        if response is not None:
            failure = refusal(response, expected)
            if failure is not None:
                sample.update(failure=failure, message=f"{request.method} {request.path}: HTTP {response.status}")
                response = None
        if request.host != rounds.host:
            sample["contacted"] = request.host
        self.stream.write(
            "sample",
            sample={"id": f"s{number}", "endpoint": rounds.host, "flow": flow, "hello": hello, "at": at, **sample},
        )
        slow = max(sample.get("tlsMs", 0), sample.get("dnsMs", 0)) > self.plan["stability"]["slowMs"]
        good = "failure" not in sample and not slow
        with self.lock:
            self.pooled.add(number, good)
            rounds.test.add(number_here, good)
            where = {"host": request.host, "port": request.port}
            if sample.get("failure") in STALLS and request.host not in self.called and where not in self.stalled:
                self.stalled.append(where)
            if sample.get("failure") == "rate-limit":
                rounds.not_before = time.monotonic() + rounds.back_off(asked_to_wait)
            elif "failure" not in sample:
                rounds.limited = 0
            self.lock.notify_all()
        return response


def refusal(response, expected):
    """
    The kind of failure that an answer means, or None. A redirect to a valid URL is no failure: it is followed later.
    """
    if response.status in REDIRECTS:
        return None if moved("here", 443, response.headers.get("location", "/")) is not None else "http"
    if response.status in expected:
        return None
    return {403: "reputation", 429: "rate-limit"}.get(response.status, "http")
