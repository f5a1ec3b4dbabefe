"""
What the tries so far prove about the largest packet that passes, and which size to try next. Sends no packets.

A size that passed is proof. A packet that vanished may have been lost by chance: how much it counts depends on the loss
of the path, and it no longer counts when a packet of at least its size passes later.
"""

import math

# Nearly every path carries the minimum of IPv6 (RFC 8200, section 5). Some tunnels carry less, none less than 576 bytes.
FLOORS = (1280, 576)
# Ethernet, PPPoE, 6in4 and GRE, L2TP, WireGuard, VXLAN, IPsec, and the round numbers that people set.
COMMON = (1500, 1492, 1480, 1472, 1460, 1450, 1440, 1430, 1420, 1412, 1400, 1380, 1360, 1350, 1340, 1320, 1300, 1280)
# A common size is this many times as likely as another one: then half of the paths between 1280 and 1500 have one.
COMMON_WEIGHT = 12
# Decisions beyond those of halving, so that the first splits can go by likelihood.
SPARE_DECISIONS = 1
# Chance that a bound comes from loss alone. A search tries about five sizes that pass, and each could become the bound.
DOUBT = 0.0004


class Loss:
    """How many packets known to fit arrived, and how many did not, over all flows of one direction."""

    def __init__(self, flows=1):
        self.doubt = DOUBT / flows
        self.arrived = 0
        self.lost = 0

    def tries_needed(self):
        """How often a size must vanish until chance is excluded; at least twice."""
        # Jeffreys' estimate: it assumes half a loss when none was seen.
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
        """Continues at the next lower floor; False when there is none."""
        if not self.floors:
            return False
        self.passed = self.floors.pop(0) - 1
        self.decisions = self._fewest() + SPARE_DECISIONS
        return True

    def learn(self, size, passes):
        """Records whether a packet passed. Returns how many earlier packets turn out to be lost by chance."""
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
