"""The detector: one model's partials to closed windows, and closed windows to verdicts."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import (
    QualityFailure,
    TransactionsPartial,
    TransactionsWindowed,
    WindowCounters,
)
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import ReferenceId
from evermodel.common.messaging.api import NOTHING, Emit, Reaction, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.closing import is_past, next_window
from evermodel.drift.domain.episodes import end
from evermodel.drift.domain.merging import merged
from evermodel.drift.domain.performance import Standing
from evermodel.drift.domain.prediction import Cusum
from evermodel.drift.domain.quality import failures_of
from evermodel.drift.domain.standing import ModelState, OpenWindow
from evermodel.drift.handlers.judging import Evidence, judge, judge_outcomes, verdict
from evermodel.drift.ports import References
from evermodel.profile.reference import BadReference, Reference
from evermodel.profile.schema import ALL

#: The source of the windows that this service itself closed.
SOURCE = "/evermodel/drift-detector"

_STATE = TypeAdapter(ModelState)
_UNDER_WAY = {"started", "advanced", "held", "resumed"}
_NOBODY: AbstractSet[int] = frozenset()


class Detector:
    """One replica of the detector, with the models it was given."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        references: References,
        clock: Clock,
        idle_seconds: float = 0.0,
    ) -> None:
        """`idle_seconds`: wall time after which a silent partition is waited for no longer.

        0 is never, as it must be where the wall clock stands still.
        """
        self._models = models
        self._references = references
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._states: dict[str, ModelState] = {}
        self._heard: dict[tuple[str, str, int], float] = {}
        self._owned: set[TopicPartition] = set()
        self._began = clock.monotonic()

    def on_transactions_partial(self, event: TransactionsPartial, meta: EventMeta) -> Reaction:
        """Add a partition's share, then close what every partition is past."""
        model, state = self._model(event.model)
        self._heard[event.model, event.stream, event.partition] = self._clock.monotonic()
        state = _heard(state, event)
        if event.counters is not None and event.counters.rows:
            start = event.window.start
            if state.closed is not None and start <= state.closed:
                state = replace(state, late_rows=state.late_rows + event.counters.rows)
            else:
                state = _opened(state, start, event)
        elif event.stream == "scored" and state.closed is None:
            state = _opened(state, event.window.start, event)
        state, events = self._close(model, state, scored=_NOBODY, labels=_NOBODY)
        return self._kept(event.model, state, events)

    def on_transactions_windowed(self, event: TransactionsWindowed, meta: EventMeta) -> Reaction:
        """Judge a window that a system upstream closed; its own were judged when they closed."""
        if meta.source == SOURCE:
            return NOTHING
        model, state = self._model(event.model)
        reference, broken = self._reference(model, state)
        failures = (*event.failures, *broken)
        if event.quality != "fail":
            failures += _checked(event.counters, model, reference, event.window)
        if failures:
            event = event.model_copy(update={"quality": "fail", "failures": failures})
        state, events = judge(state, model, event, reference)
        return self._kept(event.model, state, events)

    def on_outcomes_matured(self, event: OutcomesMatured, meta: EventMeta) -> Reaction:
        """Hold the champion against its promise."""
        model, state = self._model(event.model)
        if event.quality_failed or not event.labelled:
            return NOTHING
        standings = {
            outcome.version: state.standings.get(outcome.version, Standing()).add(outcome)
            for outcome in event.versions
        }
        history = replace(state.history, cohorts_since=state.history.cohorts_since + 1)
        state = replace(state, standings=standings, history=history)
        state, events = judge_outcomes(
            state, model, span=event.cohort, rows=event.labelled, now=meta.time
        )
        return self._kept(event.model, state, events)

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """Take over a new champion's reference; whatever was on against the old one is over."""
        model, state = self._model(event.model)
        history = replace(state.history, rolling_out=event.action in _UNDER_WAY)
        state = replace(state, history=history)
        champion = next((v for v in event.in_play if v.role == "champion"), None)
        if champion is None or champion.version == state.champion:
            return self._kept(event.model, state, [])
        history, ruling = end(history, f"version {champion.version} is champion")
        events = []
        if ruling is not None:
            span = state.judged or Span(start=meta.time, end=meta.time)
            evidence = Evidence(span=span, rows=0)
            events.append(verdict(state, model, ruling, evidence, now=meta.time))
        state = replace(
            state,
            champion=champion.version,
            reference_id=champion.artefact.reference_id,
            consecutive={},
            cusum=Cusum(),
            small=None,
            history=replace(history, cohorts_since=0),
        )
        return self._kept(event.model, state, events)

    def on_tick(self) -> Reaction:
        """Close what only silent partitions hold up."""
        if not self._idle_seconds:
            return NOTHING
        events: list[Emit] = []
        kept: dict[str, bytes | None] = {}
        for name, state in list(self._states.items()):
            after, more = self._close(
                self._models[name],
                state,
                scored=self._silent(name, "scored", state.scored.partitions),
                labels=self._silent(name, "labels", state.labels.partitions),
            )
            if more:
                events += more
                kept |= self._kept(name, after, []).state
        return Reaction(events=events, state=kept)

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None
    ) -> Restored:
        """Take over the models of a partition; its four topics share one state."""
        if not any(owned.partition == partition.partition for owned in self._owned):
            for name, raw in state.items():
                if name in self._models:
                    self._states[name] = _STATE.validate_json(raw)
        self._owned.add(partition)
        return Restored()

    def on_revoked(self, partition: TopicPartition) -> None:
        """Forget; what is read again comes from the state topic."""
        self._owned.discard(partition)
        if not self._owned:
            self._states.clear()

    def on_done(self, key: str, cause: EventMeta, result: object) -> Reaction:
        """The detector starts no jobs."""
        return NOTHING

    def _model(self, name: str) -> tuple[ModelDescription, ModelState]:
        if name not in self._models:
            raise Permanent(f"no model {name!r} is described here")
        return self._models[name], self._states.get(name, ModelState())

    def _kept(self, name: str, state: ModelState, events: list[Emit]) -> Reaction:
        self._states[name] = state
        return Reaction(events=events, state={name: _STATE.dump_json(state)})

    def _silent(self, name: str, stream: str, partitions: int) -> AbstractSet[int]:
        now = self._clock.monotonic()
        return {
            p
            for p in range(partitions)
            if now - self._heard.get((name, stream, p), self._began) > self._idle_seconds
        }

    def _close(
        self,
        model: ModelDescription,
        state: ModelState,
        *,
        scored: AbstractSet[int],
        labels: AbstractSet[int],
    ) -> tuple[ModelState, list[Emit]]:
        """Close every window that is due. Arguments: the idle partitions of each stream."""
        events: list[Emit] = []
        length = model.windows.length
        while True:
            reached = max(state.scored.watermarks.values(), default=None)
            start = next_window(state.closed, state.opened, reached=reached, length=length)
            if start is None or reached is None or reached < start + length:
                return state, events
            until = start + length
            if not is_past(
                until,
                watermarks=state.scored.watermarks,
                partitions=state.scored.partitions,
                idle=scored,
            ) or not self._labels_past(state, until, labels):
                return state, events
            window, reference = self._windowed(model, state, start)
            events.append(_said(window))
            opened = {at: w for at, w in state.opened.items() if at != start}
            state = replace(state, opened=opened, closed=start, late_rows=0)
            state, verdicts = judge(state, model, window, reference)
            events += verdicts

    def _labels_past(self, state: ModelState, until: datetime, idle: AbstractSet[int]) -> bool:
        if not state.labels.partitions:  # never heard of: waited for as long as for a silent one
            quiet = self._clock.monotonic() - self._began
            return bool(self._idle_seconds) and quiet > self._idle_seconds
        return is_past(
            until,
            watermarks=state.labels.watermarks,
            partitions=state.labels.partitions,
            idle=idle,
        )

    def _windowed(
        self, model: ModelDescription, state: ModelState, start: datetime
    ) -> tuple[TransactionsWindowed, Reference | None]:
        window = state.opened.get(start, OpenWindow())
        span = Span(start=start, end=start + model.windows.length)
        reference, broken = self._reference(model, state)
        failures = (*broken, *_checked(window.counters, model, reference, span))
        sound = "pass" if window.counters.rows >= model.windows.min_rows else "insufficient"
        return TransactionsWindowed(
            model=model.name,
            window=span,
            counters=window.counters,
            quality="fail" if failures else sound,
            failures=failures,
            champion=state.champion,
            reference_id=None if state.reference_id is None else ReferenceId(state.reference_id),
            labels_until=min(state.labels.watermarks.values(), default=None),
            late_rows=state.late_rows,
            lake=window.lake,
            alert_rate=_alert_rate(window.counters),
        ), reference

    def _reference(
        self, model: ModelDescription, state: ModelState
    ) -> tuple[Reference | None, tuple[QualityFailure, ...]]:
        """Return the champion's reference; one that is spoilt is a failure of the input."""
        if state.reference_id is None:
            return None, ()
        try:
            return self._references.get(model.name, state.reference_id), ()
        except BadReference as error:
            failure = QualityFailure(
                check="schema", column=None, value=0.0, bound=1.0, detail=str(error)
            )
            return None, (failure,)


def _heard(state: ModelState, event: TransactionsPartial) -> ModelState:
    stream = state.scored if event.stream == "scored" else state.labels
    after = stream.heard(event.partition, event.watermark, partitions=event.partitions)
    if event.stream == "scored":
        return replace(state, scored=after)
    return replace(state, labels=after)


def _opened(state: ModelState, start: datetime, event: TransactionsPartial) -> ModelState:
    window = state.opened.get(start, OpenWindow())
    if event.counters is not None:
        window = OpenWindow(
            counters=merged(window.counters, event.counters), lake=(*window.lake, *event.lake)
        )
    return replace(state, opened={**state.opened, start: window})


def _checked(
    counters: WindowCounters, model: ModelDescription, reference: Reference | None, span: Span
) -> tuple[QualityFailure, ...]:
    name = ALL if reference is None else reference.schema.window_class(span.start, span.end)
    return failures_of(counters, model, reference=reference, window_class=name)


def _said(window: TransactionsWindowed) -> Emit:
    identity = f"{window.model}/{window.window.start.isoformat()}"
    return Emit(payload=window, time=window.window.end, identity=identity)


def _alert_rate(counters: WindowCounters) -> float | None:
    own = [s for s in counters.served if s.decided_by == s.version]
    rows = sum(s.rows for s in own)
    return sum(s.alerts for s in own) / rows if rows else None
