"""
What the tries so far prove about the largest packet that passes, and which size to try next. Pure: no packet is sent.

A size that passed is proof. One that vanished may have been lost by chance, so it counts for as much as the path's
loss allows, and is taken back when a size at least as large passes later.
"""

import math

# Nearly every path carries what IPv6 demands (RFC 8200, section 5); some tunnels carry less, none less than IPv4's 576.
FLOORS = (1280, 576)
# Ethernet, PPPoE, 6in4 and GRE, L2TP, WireGuard, VXLAN, IPsec, and the round numbers that people set.
COMMON = (1500, 1492, 1480, 1472, 1460, 1450, 1440, 1430, 1420, 1412, 1400, 1380, 1360, 1350, 1340, 1320, 1300, 1280)
# A common size is as likely as this many others: then half of all paths between 1280 and 1500 have one of them.
COMMON_WEIGHT = 12
# Beyond halving: room for splitting by likelihood first.
SPARE_DECISIONS = 1
# Chance that one bound is there by loss alone. A search meets some five sizes that pass, and each could become it.
DOUBT = 0.0004


class Loss:
    """How many packets known to fit arrived, and how many did not, over all flows of one direction."""

    def __init__(self, flows=1):
        self.doubt = DOUBT / flows
        self.arrived = 0
        self.lost = 0

    def tries_needed(self):
        """How often a size has to vanish until chance is ruled out; at least twice."""
        # Jeffreys' estimate: half a loss is assumed where none was seen.
        rate = (self.lost + 0.5) / (self.arrived + self.lost + 1)
        return max(2, math.ceil(math.log(self.doubt) / math.log(rate)))


class Bracket:
    """`passed` is the largest size that passed, `failed` the smallest above it that vanished; None when none did."""

    def __init__(self, failed):
        self.vanished = {failed: 1}
        self.failed = failed
        self.floors = [floor for floor in FLOORS if floor < failed]
        self.proven = False
        self._lower_the_floor()

    def _lower_the_floor(self):
        """Assumes that something below the next floor passes; False when no floor is left."""
        if not self.floors:
            return False
        self.passed = self.floors.pop(0) - 1
        self.decisions = self._fewest() + SPARE_DECISIONS
        return True

    def learn(self, size, passes):
        """Takes in what became of a packet; returns how many of those before turn out to be lost by chance."""
        before = sum(self.vanished.values())
        if passes:
            self.proven = True
            self.passed = max(self.passed, size)
            self.vanished = {lost: times for lost, times in self.vanished.items() if lost > self.passed}
        else:
            self.vanished[size] = self.vanished.get(size, 0) + 1
        above = [lost for lost in self.vanished if lost > self.passed]
        self.failed = min(above) if above else None
        self.decisions -= 1
        return before - sum(self.vanished.values()) if passes else 0

    def open(self, size):
        """Whether trying this size would narrow the bracket."""
        return self.failed is not None and self.passed < size < self.failed

    def next_size(self, tries_needed):
        """The size to try next; None when the search is over: `proven` tells whether anything passed."""
        while self.failed is not None:
            if self.failed - self.passed > 1:
                return self._split()
            if self.vanished[self.failed] < tries_needed:
                return self.failed
            if self.proven or not self._lower_the_floor():
                return None
        return None

    def _fewest(self):
        """Decisions that halving needs: the answer is one of `passed` to `failed` - 1."""
        return max(0, math.ceil(math.log2(self.failed - self.passed)))

    def _split(self):
        """
        Halves the likelihood, as far as the decisions left can still tell all sizes of either half apart: the size
        tried is the smallest of the upper half.
        """
        widest = 2 ** (max(self.decisions, self._fewest()) - 1)
        answers = range(self.passed, self.failed)
        total = sum(weight(answer) for answer in answers)
        below, best, least = 0, None, math.inf
        for size in answers[1:]:
            below += weight(size - 1)
            imbalance = abs(total - 2 * below)
            if size - self.passed <= widest and self.failed - size <= widest and imbalance < least:
                best, least = size, imbalance
        return best


def weight(size):
    return COMMON_WEIGHT if size in COMMON else 1
