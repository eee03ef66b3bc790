"""How long what is asked of the scoring process may take, and what is left of that time.

Owns the rule that keeps a scorer in its group: nothing is begun that could not end in time. What
is begun keeps its own bound: a call that is cut short would end the process, and be nobody's fault.

    0        10             40     50       60
    ├─ call ─┼─ start, load ┼─ call ┤        │ Kafka misses the scorer, and it calls itself stuck
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from evermodel.scorer.ports import ScoringAway


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of it may take.

    A start is bounded for the sake of one that never comes; TensorFlow's import takes three
    seconds, seven on a slow machine, more on a busy one: it goes on though nobody waits for it.
    `ask_seconds` is for all that one question needs, and has room for a load and a call at least.
    """

    start_seconds: float = 60.0
    load_seconds: float = 30.0
    call_seconds: float = 10.0
    ask_seconds: float = 50.0


class Deadline:
    """The end of the time that somebody has; without `seconds`, of all time."""

    def __init__(
        self, seconds: float = threading.TIMEOUT_MAX, *, monotonic: Callable[[], float]
    ) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left."""
        return min(max(self._until - self._monotonic(), 0.0), threading.TIMEOUT_MAX)

    def needs(self, seconds: float) -> float:
        """Return `seconds`, if as much is left.

        Raises:
            ScoringAway: it is not.
        """
        if self.left() < seconds:
            raise ScoringAway("no model can be asked in time: the question is asked again")
        return seconds

    @contextmanager
    def held(self, lock: threading.Lock) -> Iterator[None]:
        """Hold `lock`.

        Raises:
            ScoringAway: another holds it for longer than there is time.
        """
        if not lock.acquire(timeout=self.left()):
            raise ScoringAway("no model can be asked in time: another one is being loaded")
        try:
            yield
        finally:
            lock.release()
