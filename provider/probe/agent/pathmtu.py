"""The largest packet that passes, found by trying sizes on several flows, in both directions and IP versions at once."""

import threading

from agent.flows import DownloadFlow, Outcome, UploadFlow, prepare
from agent.names import resolve
from agent.tcp import Deadline, ProbeFailure

# Nearly every path carries what IPv6 demands (RFC 8200, section 5); some tunnels carry less, none less than IPv4's 576.
USUAL_FLOOR = 1280
FLOOR = 576
# A lost packet costs some eight times as long as one that passes, so the search climbs in steps of a fifth: with x the
# growth of the range per unit of time, x^-1 + x^-8 = 1 at x = 1.23, and 1 - 1/1.23 = 0.19.
STEP = 0.19
MOST_CONFIRMATIONS = 3


class FlowResult:
    def __init__(self):
        self.bytes = None
        self.exact = False
        self.limited_by = None
        self.icmp_seen = False
        self.silent = False
        self.probes = 0


def search(flow, result, hints):
    """Finds the largest packet that passes on a flow. `hints()` are sizes that other flows ended with."""

    def passes(size=None, patient=False):
        outcome = flow.passes(size, patient)
        if outcome.kind in (Outcome.LOST, Outcome.TOLD):
            result.probes += 1
            result.silent = result.silent or outcome.kind == Outcome.LOST
            result.icmp_seen = result.icmp_seen or outcome.kind == Outcome.TOLD
        return outcome

    first = passes()
    if first.kind in (Outcome.PASSED, Outcome.CAPPED):
        result.bytes, result.limited_by = first.bytes, first.limited_by
        return
    if first.kind == Outcome.TOLD:
        told = passes(first.bytes)
        if told.kind in (Outcome.PASSED, Outcome.CAPPED):
            result.bytes, result.exact = told.bytes, True
            return
    top = failed = first.bytes if first.kind == Outcome.LOST else first.bytes + 1
    passed = floor_of(passes, failed)
    if passed is None:
        raise ProbeFailure("tls-timeout", f"{flow.host}: not even packets of {FLOOR} bytes pass")
    known = hints()
    for hint in sorted(known):
        for size in (hint + 1, hint):
            if passed < size < failed:
                passed, failed = narrowed(passes(size), size, passed, failed)
    for _ in range(MOST_CONFIRMATIONS):
        while failed - passed > 1:
            size = passed + max(1, round((failed - passed) * STEP))
            passed, failed = narrowed(passes(size), size, passed, failed)
        if passed in known:
            result.bytes, result.exact = passed, True
            return
        again = passes(failed, patient=True)
        if again.kind in (Outcome.LOST, Outcome.TOLD):
            result.bytes, result.exact = passed, True
            return
        # It was lost by chance. What lies above is open again.
        passed, failed = again.bytes, top
        if passed >= top:
            break
    result.bytes, result.exact, result.limited_by = passed, False, "link"
    result.silent = False


def floor_of(passes, failed):
    for size in (USUAL_FLOOR, FLOOR):
        if size < failed and passes(size, patient=True).kind != Outcome.LOST:
            return size
    return None


def narrowed(outcome, size, passed, failed):
    if outcome.kind in (Outcome.PASSED, Outcome.CAPPED):
        return max(passed, min(size, outcome.bytes)), failed
    return passed, size


class DirectionSearch:
    """All flows of one IP version and direction. The first that loses a packet searches; the others check what it found."""

    def __init__(self, flows):
        self.flows = flows
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

        def hints():
            nonlocal leads
            with self.lock:
                if not self.leading:
                    self.leading = leads = True
                    return set()
                self.lock.wait_for(lambda: not self.leading or self.found, timeout=5)
                return set(self.found)

        try:
            search(flow, result, hints)
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
                if leads:
                    self.leading = False
                self.lock.notify_all()

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
    prepare()
    targets = resolved(plan["endpoints"])
    searches = {}
    for family in families:
        addresses = [(address, host) for host, found in targets for address in found.get(family, [])]
        if not addresses:
            continue
        for direction, kind in (("upload", UploadFlow), ("download", DownloadFlow)):
            chosen = [addresses[number % len(addresses)] for number in range(plan["pathMtuFlows"])]
            flows = [kind(family, address, host, link_mtus[family]) for address, host in chosen]
            searches[family, direction] = DirectionSearch(flows)
    workers = [worker for one in searches.values() for worker in one.run()]
    deadline = Deadline(seconds)
    for worker in workers:
        worker.join(deadline.left())
    result = {"ipv4": None, "ipv6": None}
    for family in families:
        if (family, "upload") in searches:
            result[family] = {way: searches[family, way].measured() for way in ("download", "upload")}
    return result


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
