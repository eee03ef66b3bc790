"""Step 6: the champion's alert rate, standardised, as a two-sided CUSUM (Page 1954).

Down matters as much as up: fraud that the model no longer recognises raises no alerts.
"""

import math
from dataclasses import dataclass

from evermodel.common.events.drift import PredictionEvidence
from evermodel.common.events.windows import WindowCounters
from evermodel.profile.history import AlertHistory

#: A sum this far past its bound says no more than the bound, and must be able to come down.
BEYOND = 1.0


@dataclass(frozen=True, slots=True)
class Cusum:
    """The two sums, in standard deviations."""

    up: float = 0.0
    down: float = 0.0

    def add(self, z: float, *, slack: float, bound: float) -> "Cusum":
        """Return the sums after another window."""
        most = bound + BEYOND
        return Cusum(
            min(most, max(0.0, self.up + z - slack)), min(most, max(0.0, self.down - z - slack))
        )


def alerts_of(counters: WindowCounters, champion: int) -> tuple[int, int]:
    """Return the champion's alerts and answers over all rows, whoever decided them."""
    served = [s for s in counters.served if s.version == champion]
    return sum(s.alerts for s in served), sum(s.rows - s.failed for s in served)


def observe(
    cusum: Cusum, alerts: int, rows: int, past: AlertHistory, *, slack: float, bound: float
) -> tuple[Cusum, PredictionEvidence]:
    """Return the sums after a window, and the evidence.

    The spread is the history's, widened for how few windows it was learned from, and never less
    than that of independent rows.
    """
    rate = alerts / rows
    chance = math.sqrt(max(past.mean * (1 - past.mean), 1e-9) / rows)
    spread = max(past.spread * math.sqrt(1 + 1 / past.windows), chance)
    z = (rate - past.mean) / spread
    after = cusum.add(z, slack=slack, bound=bound)
    return after, PredictionEvidence(
        alert_rate=rate,
        expected=past.mean,
        z=z,
        cusum_up=after.up,
        cusum_down=after.down,
        bound=bound,
    )
