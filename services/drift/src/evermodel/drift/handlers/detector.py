"""The detector: one method per event. Partials become windows, windows become verdicts."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import TransactionsPartial, TransactionsWindowed
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign
from evermodel.common.kernel.stream_time import refuse_astray
from evermodel.common.messaging.api import NOTHING, Emit, Job, Reaction, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.performance import Standing
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.handlers.checking import Checking, checked
from evermodel.drift.handlers.closing import Closing, added, due
from evermodel.drift.handlers.detector_states import States
from evermodel.drift.handlers.judging import judge, judge_outcomes
from evermodel.drift.handlers.listening import Listening
from evermodel.drift.handlers.rebasing import rebased
from evermodel.drift.handlers.reporting import Reporting
from evermodel.drift.ports import Backlog

_LOG = logging.getLogger(__name__)

#: The source of the windows that this service itself closed.
SOURCE = "/evermodel/drift-detector"


class Detector:
    """One replica of the detector, with the models it was given."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        checking: Checking,
        reporting: Reporting,
        clock: Clock,
        idle_seconds: float = 0.0,
        backlog: Backlog | None = None,
        wall: Clock | None = None,
    ) -> None:
        """`idle_seconds`: wall time after which a silent partition is waited for no longer.

        0 is never, as it must be where the wall clock stands still. `backlog`: what it may still
        have before it; None: nothing, ever. `wall`: what the dates of
        what comes from elsewhere are held against, if anything.
        """
        self._wall = wall
        self._models = models
        self._checking = checking
        self._reporting = reporting
        self._closing = Closing(checking)
        self._listening = Listening(clock, idle_seconds=idle_seconds, backlog=backlog)
        self._states = States(models.keys())

    def on_transactions_partial(self, event: TransactionsPartial, meta: EventMeta) -> Reaction:
        """Add a partition's share, then close what every partition is past."""
        model, state = self._model(event.model)
        state = added(self._listening.heard(state, event), event)
        state, events = self._closing.close(state, model, self._listening.nobody_idle(event.model))
        return self._kept(event.model, state, events)

    def on_transactions_windowed(self, event: TransactionsWindowed, meta: EventMeta) -> Reaction:
        """Judge a window that a system upstream closed; its own were judged when they closed."""
        if meta.source == SOURCE:
            return NOTHING
        model, state = self._model(event.model)
        self._refuse_astray(model, state, event.window.end)
        if _is_old(event.window, state.given_until):
            _LOG.warning("%s: a window up to %s came again, or late", event.model, event.window.end)
            return NOTHING
        state = replace(state, given_until=event.window.end)
        reference, broken = self._checking.reference(model, state)
        failures = (*event.failures, *broken)
        if event.quality != "fail":
            failures += checked(event.counters, model, reference, event.window)
        if failures:
            event = event.model_copy(update={"quality": "fail", "failures": failures})
        state, events = judge(state, model, event, reference)
        return self._kept(event.model, state, events)

    def on_outcomes_matured(self, event: OutcomesMatured, meta: EventMeta) -> Reaction:
        """Hold the champion against its promise."""
        model, state = self._model(event.model)
        self._refuse_astray(model, state, event.known_until)
        if event.quality_failed or not event.labelled:
            return NOTHING
        if _is_old(event.cohort, state.cohorts_until):  # with another label age, or given twice
            return NOTHING
        standings = {
            **state.standings,
            **{
                outcome.version: state.standings.get(outcome.version, Standing()).add(outcome)
                for outcome in event.versions
            },
        }
        history = replace(state.history, cohorts_since=state.history.cohorts_since + 1)
        state = replace(state, standings=standings, history=history, cohorts_until=event.cohort.end)
        state, events = judge_outcomes(
            state, model, span=event.cohort, rows=event.labelled, now=meta.time
        )
        return self._kept(event.model, state, events)

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """Follow rollouts, and take over the reference of a new champion."""
        model, state = self._model(event.model)
        return self._kept(event.model, *rebased(state, model, event, meta))

    def on_tick(self) -> Reaction:
        """Close what only silent partitions hold up."""
        if not self._listening.is_impatient:
            return NOTHING
        events: list[Emit] = []
        kept: dict[str, bytes | None] = {}
        jobs: list[Job] = []
        for name, state in self._states.items():
            model, silent = self._models[name], self._listening.silent(name, state)
            start = due(state, model, silent)
            if start is None:
                continue  # nobody is asked for more than that
            idle = self._listening.idle(model, state, start, silent)
            after, more = self._closing.close(state, model, idle)
            if more:
                reaction = self._kept(name, after, more)
                events += more
                kept |= reaction.state
                jobs += reaction.jobs
        return Reaction(events=events, state=kept, jobs=jobs)

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None
    ) -> Restored:
        """Take over the models of a partition, and the reports that are still owed on them."""
        self._listening.took_over()
        found = self._states.restore(partition, state)
        return Restored(jobs=[j for s in found.values() for j in self._reporting.jobs(s.owed)])

    def on_revoked(self, partition: TopicPartition) -> None:
        """Forget; what is read again comes from the state topic."""
        self._states.revoke(partition)

    def on_done(self, key: str, cause: EventMeta, result: object) -> Reaction:
        """A report was made, or given up: it is owed no longer."""
        state = self._states.get(cause.subject)
        alarm = state.owed.get(key)
        if alarm is None:
            return NOTHING
        self._reporting.ended(alarm, result)
        owed = {other: owed for other, owed in state.owed.items() if other != key}
        return self._kept(cause.subject, replace(state, owed=owed), [])

    def _model(self, name: str) -> tuple[ModelDescription, ModelState]:
        if name not in self._models:
            raise Foreign(f"no model {name!r} is described here")
        return self._models[name], self._states.get(name)

    def _refuse_astray(self, model: ModelDescription, state: ModelState, time: datetime) -> None:
        known = [t for t in (state.closed, state.given_until, state.cohorts_until) if t is not None]
        told = max(known, default=None)
        refuse_astray(time, told=told, window=model.windows.length, wall=self._wall)

    def _kept(self, name: str, state: ModelState, events: list[Emit]) -> Reaction:
        owed = self._reporting.owed(events)
        kept = self._states.keep(name, replace(state, owed={**state.owed, **owed}))
        return Reaction(events=events, state={name: kept}, jobs=self._reporting.jobs(owed))


def _is_old(span: Span, until: datetime | None) -> bool:
    return until is not None and span.end <= until
