"""The two clocks a process may ask, as a promise that the wiring keeps.

Decisions use event time, which travels in events; these clocks only time hops, leases,
idleness and back-off.
"""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never go backwards."""
