"""The largest packet that passes, found by trying sizes on several flows, in both directions and IP versions at once."""

import threading

from agent.bracket import FLOORS, Bracket, Loss
from agent.download import DownloadFlow
from agent.flows import Outcome
from agent.names import resolve
from agent.tcp import Deadline, ProbeFailure
from agent.upload import UploadFlow

# Flows wait this long for the one that searches, then search by themselves.
LEADER_SECONDS = 5


class FlowResult:
    def __init__(self):
        self.bytes = None
        self.exact = False
        self.limited_by = None
        self.icmp_seen = False
        self.silent = False
        self.probes = 0

    def end(self, size, limited_by=None):
        """The largest packet that passed; exact unless something named kept larger ones from being tried."""
        self.bytes, self.limited_by, self.exact = size, limited_by, limited_by is None


def search(flow, result, loss, hints):
    """
    Finds the largest packet that passes on a flow. `hints()` are sizes that other flows ended with; it is called once
    a packet has vanished.
    """

    def attempt(size=None, known=0):
        outcome = flow.passes(size)
        if size is None or size > known:
            result.probes += outcome.sent
        result.silent = result.silent or outcome.kind == Outcome.LOST
        result.icmp_seen = result.icmp_seen or outcome.kind == Outcome.TOLD
        return outcome

    outcome = attempt()
    if outcome.kind in (Outcome.PASSED, Outcome.CAPPED):
        return result.end(outcome.bytes, outcome.limited_by)
    told = outcome.bytes if outcome.kind == Outcome.TOLD else None
    bracket = Bracket(outcome.bytes + (outcome.kind == Outcome.TOLD))
    known = set() if told else hints()
    waiting = [told] if told else [size for hint in sorted(known) for size in (hint + 1, hint)]
    while True:
        waiting = [size for size in waiting if bracket.open(size)]
        # Where another flow has found the same bound, one packet less is needed to believe it.
        size = waiting.pop(0) if waiting else bracket.next_size(loss.tries_needed() - (bracket.passed in known))
        if size is None:
            break
        outcome = attempt(size, bracket.passed)
        if outcome.kind == Outcome.CAPPED:
            return result.end(max(outcome.bytes, bracket.passed), outcome.limited_by)
        loss.lost += bracket.learn(size, outcome.kind == Outcome.PASSED)
        if outcome.kind == Outcome.TOLD and outcome.bytes < size:
            told = outcome.bytes
            waiting.append(told)
        if outcome.kind == Outcome.PASSED and size == told:
            return result.end(size)
    if not bracket.proven:
        raise ProbeFailure("tls-timeout", f"{flow.host}: not even packets of {FLOORS[-1]} bytes pass")
    if bracket.failed is None:
        result.silent = False
        return result.end(bracket.passed, "link")
    return result.end(bracket.passed)


class DirectionSearch:
    """All flows of one IP version and direction. The first that loses a packet searches; the others check what it found."""

    def __init__(self, flows, loss):
        self.flows = flows
        self.loss = loss
        self.results = []
        self.lock = threading.Condition()
        self.leading = False
        self.found = set()

    def run(self):
        workers = [threading.Thread(target=self._walk, args=(flow,), daemon=True) for flow in self.flows]
        for worker in workers:
            worker.start()
        return workers

    def _walk(self, flow):
        result = FlowResult()
        leads = False

        def follow():
            nonlocal leads
            with self.lock:
                if leads:
                    self.leading = leads = False
                self.lock.notify_all()

        def hints():
            nonlocal leads
            with self.lock:
                self.lock.wait_for(lambda: not self.leading or self.found, timeout=LEADER_SECONDS)
                if not self.found and not self.leading:
                    self.leading = leads = True
                return set(self.found)

        try:
            try:
                search(flow, result, self.loss, hints)
            except ProbeFailure as failure:
                if failure.kind != "connect-timeout" or not flow.leave_port():
                    raise
                follow()
                before, result = result, FlowResult()
                result.probes = before.probes
                search(flow, result, self.loss, hints)
        except ProbeFailure:
            # A server that does not answer says nothing about sizes; the other flows do.
            pass
        finally:
            flow.close()
            with self.lock:
                if result.bytes is not None:
                    self.results.append(result)
                    if result.exact:
                        self.found.add(result.bytes)
            follow()

    def measured(self):
        """MeasuredMtu of network/probe/report.ts, or None when no flow told anything."""
        with self.lock:
            results = list(self.results)
        if not results:
            return None
        exact = [result for result in results if result.exact]
        best = min(exact, key=lambda result: result.bytes) if exact else max(results, key=lambda result: result.bytes)
        return {
            "bytes": best.bytes,
            "bound": "exact" if best.exact else "at-least",
            "limitedBy": None if best.exact else best.limited_by,
            "paths": [result.bytes for result in results],
            "icmpSeen": any(result.icmp_seen for result in results),
            "silent": any(result.silent for result in exact),
            "probes": sum(result.probes for result in results),
        }


def measure(plan, families, link_mtus, seconds):
    """PathMtuResult of network/probe/report.ts: both directions of each family, all at once."""
    for kind in (UploadFlow, DownloadFlow):
        kind.prepare()
    targets = resolved(plan["endpoints"])
    searches = {}
    for family in families:
        addresses = [(address, host) for host, found in targets for address in found.get(family, [])]
        if not addresses:
            continue
        for direction, kind in (("upload", UploadFlow), ("download", DownloadFlow)):
            chosen = [addresses[number % len(addresses)] for number in range(plan["pathMtuFlows"])]
            loss = Loss(len(chosen))
            flows = [kind(family, address, host, link_mtus[family], loss) for address, host in chosen]
            searches[family, direction] = DirectionSearch(flows, loss)
    workers = [worker for one in searches.values() for worker in one.run()]
    deadline = Deadline(seconds)
    for worker in workers:
        worker.join(deadline.left())
    result = {"ipv4": None, "ipv6": None}
    for family in families:
        if (family, "upload") in searches:
            result[family] = {way: searches[family, way].measured() for way in ("download", "upload")}
    return result


def together(one, other):
    """Two PathMtuResults as one, as if all their flows had been walked at once."""
    return {family: with_both(one[family], other[family], of_family) for family in one}


def with_both(one, other, combine):
    return combine(one, other) if one and other else one or other


def of_family(one, other):
    return {way: with_both(one[way], other[way], of_direction) for way in one}


def of_direction(one, other):
    exact = [measured for measured in (one, other) if measured["bound"] == "exact"]
    if exact:
        best = min(exact, key=lambda measured: measured["bytes"])
    else:
        best = max((one, other), key=lambda measured: measured["bytes"])
    return {
        **best,
        "paths": one["paths"] + other["paths"],
        "icmpSeen": one["icmpSeen"] or other["icmpSeen"],
        "silent": any(measured["silent"] for measured in exact),
        "probes": one["probes"] + other["probes"],
    }


def resolved(endpoints):
    """Addresses of every endpoint whose name resolves."""
    found = {}

    def ask(endpoint):
        try:
            found[endpoint["host"]] = resolve(endpoint["host"], endpoint["port"], 5)
        except ProbeFailure:
            pass

    workers = [threading.Thread(target=ask, args=(endpoint,), daemon=True) for endpoint in endpoints]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [(endpoint["host"], found[endpoint["host"]]) for endpoint in endpoints if endpoint["host"] in found]
