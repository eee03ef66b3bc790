"""Several loops on one thread and a clock that stands still: the twin, and the fast tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from evermodel.common.messaging.loop import Loop

#: Simulated time after which something that still is not quiet never will be.
PATIENCE_SECONDS = 3600.0


class SimulatedClock:
    """A clock that goes on only when told to."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._seconds += seconds


def run_until_quiet(loops: Sequence[Loop], *, clock: SimulatedClock) -> None:
    """Turn each of `loops` until none moves and no retry waits.

    Where all wait for a retry, the clock goes on to the first that is due.

    Raises:
        TimeoutError: something was still retried after an hour of simulated time.
    """
    started = clock.monotonic()
    while True:
        moved = [loop.step() for loop in loops]
        if any(moved):
            continue
        dues = [due for loop in loops if (due := loop.next_due()) is not None]
        if not dues:
            return
        if min(dues) - started > PATIENCE_SECONDS:
            raise TimeoutError("not quiet after an hour of retries")
        clock.advance(max(min(dues) - clock.monotonic(), 0.001))
