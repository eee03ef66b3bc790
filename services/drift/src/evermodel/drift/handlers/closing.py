"""Partials of one model to closed windows: added up while open, closed when all are past.

partial ─▶ open window (or late: counted with the next) ─▶ every partition past its end
                                                         ─▶ transactions.windowed ─▶ judged
"""

from dataclasses import replace
from datetime import datetime

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import (
    TransactionsPartial,
    TransactionsWindowed,
    WindowCounters,
)
from evermodel.common.kernel.ids import ReferenceId, identity_id
from evermodel.common.messaging.api import Emit
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.closing import next_window
from evermodel.drift.domain.merging import merged
from evermodel.drift.domain.standing import ModelState, OpenWindow, named
from evermodel.drift.handlers.checking import Checking, checked
from evermodel.drift.handlers.idle import Idle
from evermodel.drift.handlers.judging import judge
from evermodel.drift.handlers.listening import everyone_is_past
from evermodel.profile.reference import Reference


def added(state: ModelState, event: TransactionsPartial) -> ModelState:
    """Return the state with a partition's share in its window; a closed window takes none."""
    start = event.window.start
    if event.counters is not None and event.counters.rows:
        if state.closed is not None and start <= state.closed:
            return replace(state, late_rows=state.late_rows + event.counters.rows)
        return _opened(state, start, event)
    if event.stream == "scored" and state.closed is None:
        return _opened(state, start, event)
    return state


class Closing:
    """Closes windows, and has each judged before the next."""

    def __init__(self, checking: Checking) -> None:
        self._checking = checking

    def close(
        self, state: ModelState, model: ModelDescription, idle: Idle
    ) -> tuple[ModelState, list[Emit]]:
        """Return the state after every window that is due was closed and judged, and the events."""
        events: list[Emit] = []
        while (start := due(state, model, idle)) is not None:
            window, reference = self._windowed(model, state, start)
            said = _said(window)
            closed = identity_id(window.TYPE, str(said.identity))
            events.append(said)
            opened = {at: w for at, w in state.opened.items() if at != start}
            state = replace(state, opened=opened, closed=start, late_rows=0)
            state, verdicts = judge(state, model, window, reference)
            events += [replace(verdict, caused_by=closed) for verdict in verdicts]
        return state, events

    def _windowed(
        self, model: ModelDescription, state: ModelState, start: datetime
    ) -> tuple[TransactionsWindowed, Reference | None]:
        window = state.opened.get(start, OpenWindow())
        span = Span(start=start, end=start + model.windows.length)
        reference, broken = self._checking.reference(model, state)
        failures = (*broken, *checked(window.counters, model, reference, span))
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


def due(state: ModelState, model: ModelDescription, idle: Idle) -> datetime | None:
    """Return the start of the window to close now, if one is due."""
    length = model.windows.length
    reached = max(state.scored.watermarks.values(), default=None)
    start = next_window(state.closed, state.opened, reached=reached, length=length)
    if start is None or reached is None or reached < start + length:
        return None
    return start if everyone_is_past(start + length, state, idle) else None


def _opened(state: ModelState, start: datetime, event: TransactionsPartial) -> ModelState:
    window = state.opened.get(start, OpenWindow())
    if event.counters is not None:
        window = OpenWindow(
            counters=merged(window.counters, event.counters),
            lake=named(*window.lake, *event.lake),
        )
    return replace(state, opened={**state.opened, start: window})


def _said(window: TransactionsWindowed) -> Emit:
    identity = f"{window.model}/{window.window.start.isoformat()}"
    return Emit(payload=window, time=window.window.end, identity=identity)


def _alert_rate(counters: WindowCounters) -> float | None:
    own = [s for s in counters.served if s.decided_by == s.version]
    rows = sum(s.rows for s in own)
    return sum(s.alerts for s in own) / rows if rows else None
