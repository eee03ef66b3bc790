"""How far each partition says it is, and which have long said nothing (wall time).

A partition is silent while others speak. When no other spoke either, the stream stood still (a
night, a broker that was away): the first to speak again would otherwise close a window alone.

Silence alone says nothing: a scorer or windower that starts, restores or changes hands is silent
too, with the rows of a window before it, and who listens late has not heard all. Idle is who is
silent *and* has nothing left to deal with (``silence.py``).
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.clock import Clock
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.closing import is_past
from evermodel.drift.domain.standing import ModelState, Stream
from evermodel.drift.handlers.idle import Idle
from evermodel.drift.handlers.silence import Question
from evermodel.drift.ports import Backlog


class Listening:
    """When each partition of each model's streams was last heard of, by this replica."""

    def __init__(self, clock: Clock, *, idle_seconds: float, backlog: Backlog | None) -> None:
        """`idle_seconds` 0: every partition is waited for, for ever. `backlog` None: silence is
        enough, as where nobody is held up.

        `_began`: when this replica was given what it has now, which is given as a whole.
        `_questions`: whether a model's silent partitions have nothing left, where that is asked.
        `_unlabelled`: models of which that was said of the labels, which were never heard of.
        """
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._backlog = backlog
        self._questions: dict[str, Question] = {}
        self._unlabelled: set[str] = set()
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
        self._questions.clear()
        self._unlabelled.clear()
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

    def nobody_idle(self, model: str) -> Idle:
        """Return who is idle when partitions are being heard of: none is given up then."""
        return Idle(labels_unheard=model in self._unlabelled)

    def idle(
        self, model: ModelDescription, state: ModelState, start: datetime, silent: Idle
    ) -> Idle:
        """Return those of `silent` that hold the window at `start` up for nothing.

        Nobody before all upstream have said that nothing is left of them.
        """
        holding = _holding(start + model.windows.length, state, silent)
        if self._backlog is not None:
            question = self._questions.get(model.name)
            if question is None or not question.covers(start, holding):
                question = self._questions[model.name] = Question(model, start, holding)
            if not question.is_settled(self._backlog):
                return Idle()
            del self._questions[model.name]
        if holding.labels_unheard:
            self._unlabelled.add(model.name)
        return holding

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

    def _is_long(self, since: float) -> bool:
        return self.is_impatient and self._clock.monotonic() - since > self._idle_seconds


def _holding(until: datetime, state: ModelState, silent: Idle) -> Idle:
    """Return those of `silent` that have not said that they are past `until`."""

    def waited_for(stream: Stream, numbers: AbstractSet[int]) -> AbstractSet[int]:
        marks = stream.watermarks
        return {n for n in numbers if n not in marks or marks[n] < until}

    return Idle(
        scored=waited_for(state.scored, silent.scored),
        labels=waited_for(state.labels, silent.labels),
        labels_unheard=silent.labels_unheard and not state.labels.partitions,
    )


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
