"""The run: facts, path MTU, then rounds and pulls in parallel, then the facts again."""

import os
import sys
import threading
import time

from agent import pathmtu
from agent.facts import connections_refused, host_facts, icmp_errors_received
from agent.neighbours import Neighbours
from agent.pulls import Pulls
from agent.rounds import Rounds
from agent.stream import Stream
from agent.tls import contexts

PATH_MTU_SECONDS = 15
DEFAULT_MTU = 1500
# Flows for each service that stalled, in each direction: when two agree, it was no chance.
FLOWS_BEYOND = 2


def main(task):
    """Carries out a task (AgentTask of network/probe/messages.ts) and ends the process."""
    stream = Stream()
    stream.watch()
    try:
        run(task, stream)
        code = 0
    except Exception as error:  # Of any kind: the runner must be told, or it would wait.
        stream.write("failed", message=f"{type(error).__name__}: {error}")
        code = 1
    sys.stdout.flush()
    # Threads that still wait for a resolver must not keep the process.
    os._exit(code)


def run(task, stream):
    plan = task["plan"]
    ends_at = time.monotonic() + plan["budgetSeconds"]
    icmp_before, refused_before = icmp_errors_received(), connections_refused()
    facts = host_facts()
    stream.write("facts", facts=facts)
    families = usable_families(plan, facts)
    neighbours = Neighbours(plan["neighbours"], facts["links"])

    mtus = {family: link_mtu(facts, family) for family in families}
    seconds = min(PATH_MTU_SECONDS, plan["budgetSeconds"])
    path_mtu = None
    if plan["pathMtu"]:
        path_mtu = pathmtu.measure(plan, families, mtus, seconds)
        stream.write("pathMtu", pathMtu=path_mtu)

    out_of_time = False
    if task["rounds"]:
        by_hello = contexts()
        pulls = Pulls(plan, by_hello, stream)
        pulling = threading.Thread(target=pulls.run, args=(ends_at,), daemon=True)
        pulling.start()
        rounds = Rounds(task, by_hello, families, stream)
        rounds.run(ends_at)
        out_of_time = rounds.out_of_time
        if rounds.pooled.decision == "unstable":
            pulls.hurry(plan["timeoutSeconds"])
        if path_mtu and rounds.stalled:
            # Token and blob services that stalled: their addresses were not known before.
            beyond = {**plan, "endpoints": rounds.stalled, "pathMtuFlows": FLOWS_BEYOND * len(rounds.stalled)}
            found = pathmtu.measure(beyond, families, mtus, seconds)
            stream.write("pathMtu", pathMtu=pathmtu.together(path_mtu, found))
        pulling.join()

    reached = neighbours.results()
    facts = host_facts()
    facts["neighbours"] = reached
    facts["icmpFragNeededReceived"] = max(0, icmp_errors_received() - icmp_before)
    if facts["conntrack"] is not None and refused_before is not None:
        facts["conntrack"]["refused"] = max(0, (connections_refused() or 0) - refused_before)
    stream.write("facts", facts=facts)
    stream.write("end", seconds=stream.elapsed(), outOfTime=out_of_time)


def usable_families(plan, facts):
    """The IP versions of the plan that the host has a default route for; all of them when it has none."""
    routed = [family for family in plan["families"] if family in facts["defaultRoute"]]
    return routed or list(plan["families"])


def link_mtu(facts, family):
    """The MTU of the default route, or else of its link."""
    route = facts["defaultRoute"].get(family)
    if route is None:
        return DEFAULT_MTU
    found = [link["mtu"] for link in facts["links"] if link["name"] == route["link"]]
    return route["mtu"] or (found[0] if found else DEFAULT_MTU)
