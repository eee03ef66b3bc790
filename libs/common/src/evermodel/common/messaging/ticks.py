"""The service's own second: ``on_tick``, for partitions on which nothing happens.

Owns when it is due and how often it may fail. Must never commit: the turn does.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.api import Reaction, ServiceSpec
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import Bug, Dead, Done, Retry, StateInDoubt, attempt
from evermodel.common.messaging.preparing import Prepared
from evermodel.common.messaging.records import TopicPartition

_LOG = logging.getLogger(__name__)
_EVERY_SECONDS = 1.0


class Ticks:
    """Counts seconds of the wall."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._on_tick = spec.on_tick
        self._is_stateful = spec.assignment is not None
        self._outbox, self._clock = means.outbox, means.clock
        self._attempts, self._report = means.attempts, means.report
        self._failures = 0
        self._at = means.clock.monotonic()

    def is_due(self) -> bool:
        """Whether a second has passed since this last said so."""
        now = self._clock.monotonic()
        if now - self._at < _EVERY_SECONDS:
            return False
        self._at = now
        return True

    def tick(self, positions: Mapping[TopicPartition, int]) -> None:
        """Call the service's ``on_tick``.

        Raises:
            Fatal: it failed too often in a row.
            StateInDoubt: it failed, in a service with state.
        """
        if self._on_tick is None:
            return
        match attempt(partial(self._ask, self._on_tick)):
            case Done(prepared):
                self._failures = 0
                if not prepared.is_empty:
                    self._outbox.put(prepared, offsets=positions.items())
                return
            case Retry(error):
                _LOG.warning("tick: %s", error)
                self._at = self._clock.monotonic() + error.delay_seconds - _EVERY_SECONDS
            case Bug(error) | Dead(_, error):
                self._failures += 1
                if self._failures >= self._attempts:
                    raise Fatal(f"on_tick failed {self._failures} times: {error!r}")
                self._report.failed("tick failed", error)
        if self._is_stateful:
            raise StateInDoubt

    def _ask(self, on_tick: Callable[[], Reaction]) -> Prepared:
        return self._outbox.prepare(on_tick(), cause=None, number=None)
