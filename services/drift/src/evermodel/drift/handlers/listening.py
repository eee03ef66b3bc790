"""How far each partition says it is, and which have long said nothing (wall time).

A partition is silent while others speak. When no other spoke either, the stream stood still (a
night, a broker that was away): the first to speak again would otherwise close a window alone.

Silence alone says nothing: a scorer or windower that starts, restores or changes hands is silent
too, with the rows of a window before it, and who listens late has not heard all. Idle is who is
silent *and* has nothing left to deal with.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from evermodel.common.events.catalogue import LABELS, TRANSACTIONS_SCORED
from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.clock import Clock
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.closing import is_past
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.ports import Backlog

#: An answer of the backlog holds so long: many models ask the same at one tick.
_FRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Idle:
    """The partitions of each stream that are waited for no longer.

    `labels_unheard`: the labels are not waited for either though nothing was ever heard of them.
    """

    scored: AbstractSet[int] = frozenset()
    labels: AbstractSet[int] = frozenset()
    labels_unheard: bool = False


class Listening:
    """When each partition of each model's streams was last heard of, by this replica."""

    def __init__(self, clock: Clock, *, idle_seconds: float, backlog: Backlog | None) -> None:
        """`idle_seconds` 0: every partition is waited for, for ever. `backlog` None: never any.

        `_began`: when this replica was given what it has now, which is given as a whole.
        """
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._backlog = backlog
        self._answers: dict[str, tuple[float, AbstractSet[int] | None]] = {}
        self._heard: dict[tuple[str, str, int], float] = {}
        self._began = clock.monotonic()
        self._last: dict[tuple[str, ...], float] = {}
        self._stirred: dict[tuple[str, ...], float] = {}

    @property
    def is_impatient(self) -> bool:
        """Whether a partition can ever be silent for too long."""
        return self._idle_seconds > 0

    def took_over(self) -> None:
        """Begin to listen anew: what others heard is not known, and what was heard is old."""
        for known in (self._heard, self._last, self._stirred):
            known.clear()
        self._began = self._clock.monotonic()

    def heard(self, state: ModelState, event: TransactionsPartial) -> ModelState:
        """Return the state after a partition told how far it is."""
        self._note(event, self._clock.monotonic())
        stream = state.scored if event.stream == "scored" else state.labels
        after = stream.heard(event.partition, event.watermark, partitions=event.partitions)
        if event.stream == "scored":
            return replace(state, scored=after)
        return replace(state, labels=after)

    def _note(self, event: TransactionsPartial, now: float) -> None:
        for everyone in ((event.model,), (event.model, event.stream)):
            if self._is_long(self._last.get(everyone, self._began)):
                self._stirred[everyone] = now
            self._last[everyone] = now
        self._heard[event.model, event.stream, event.partition] = now

    def nobody_idle(self) -> Idle:
        """Return who is idle when partitions are being heard of: none is given up then."""
        unheard = self._is_long(self._began)
        return Idle(labels_unheard=unheard and self._unread(LABELS.name) == frozenset())

    def idle(self, model: ModelDescription, silent: Idle) -> Idle:
        """Return those of `silent` that have nothing before them; nobody where that is not told."""
        if self._backlog is not None and not self._backlog.is_heard(model.name):
            return Idle()
        scored = self._done(silent.scored, model.stream.topic, TRANSACTIONS_SCORED.name)
        labels = self._unread(LABELS.name)
        return Idle(
            scored=scored,
            labels=frozenset() if labels is None else silent.labels - labels,
            labels_unheard=silent.labels_unheard and labels == frozenset(),
        )

    def silent(self, model: str, state: ModelState) -> Idle:
        """Return who has long said nothing."""
        return Idle(
            scored=self._silent(model, "scored", state.scored.partitions),
            labels=self._silent(model, "labels", state.labels.partitions),
            labels_unheard=self._is_long(self._began),
        )

    def _silent(self, model: str, stream: str, partitions: int) -> AbstractSet[int]:
        began = max(
            self._stirred.get(everyone, self._began) for everyone in ((model,), (model, stream))
        )
        return {
            p
            for p in range(partitions)
            if self._is_long(max(began, self._heard.get((model, stream, p), began)))
        }

    def _done(self, silent: AbstractSet[int], *topics: str) -> AbstractSet[int]:
        for topic in topics:  # of the same numbers: a scored row keeps its partition's
            unread = self._unread(topic)
            silent = frozenset() if unread is None else silent - unread
        return silent

    def _unread(self, topic: str) -> AbstractSet[int] | None:
        if self._backlog is None:
            return frozenset()
        now = self._clock.monotonic()
        asked, answer = self._answers.get(topic, (-1.0, None))
        if asked < 0 or now - asked > _FRESH_SECONDS:
            answer = self._backlog.unread(topic)
            self._answers[topic] = now, answer
        return answer

    def _is_long(self, since: float) -> bool:
        return self.is_impatient and self._clock.monotonic() - since > self._idle_seconds


def everyone_is_past(until: datetime, state: ModelState, idle: Idle) -> bool:
    """Return whether no partition of either stream can still bring anything before `until`."""
    labels, scored = state.labels, state.scored
    if labels.partitions:
        past = is_past(
            until, watermarks=labels.watermarks, partitions=labels.partitions, idle=idle.labels
        )
    else:
        past = idle.labels_unheard
    return past and is_past(
        until, watermarks=scored.watermarks, partitions=scored.partitions, idle=idle.scored
    )
