"""
The search against paths that are simulated: packets larger than their MTU vanish, others do with a chance.

Prints a JSON list of what was found: [MTU, found, exact, probes].
usage: python3 path_mtu_test.py AGENT_PARENT SMALLEST LINK STEP LOSS_PERCENT RUNS
"""

import json
import random
import sys

sys.path.insert(0, sys.argv[1])

from agent.bracket import Loss  # noqa: E402
from agent.flows import Outcome  # noqa: E402
from agent.pathmtu import FlowResult, search  # noqa: E402


class SimulatedFlow:
    host = "simulated"

    def __init__(self, mtu, link, chance, loss, draw):
        self.mtu, self.link, self.chance, self.loss, self.draw = mtu, link, chance, loss, draw

    def passes(self, size=None):
        size = size or self.link
        # The small packet behind it and the answer tell how lossy the path is.
        for _ in range(2):
            if self.draw() < self.chance:
                self.loss.lost += 1
            else:
                self.loss.arrived += 1
        vanishes = size > self.mtu or self.draw() < self.chance
        return Outcome(Outcome.LOST if vanishes else Outcome.PASSED, size, "link")


def main():
    smallest, link, step, loss_percent, runs = (int(word) for word in sys.argv[2:])
    draw = random.Random(loss_percent).random
    found = []
    for _ in range(runs):
        for mtu in range(smallest, link + 1, step):
            loss, result = Loss(), FlowResult()
            search(SimulatedFlow(mtu, link, loss_percent / 100, loss, draw), result, loss, set)
            found.append([mtu, result.bytes, result.exact, result.probes])
    print(json.dumps(found))


main()
