"""The report after an alarm, as work beside the loop: owed, made, filed, and then forgotten.

    retrain verdict ─▶ owed (state) ─▶ job ─▶ report with pictures ─▶ filed
                                        │  └ cannot be made ─▶ the numbers alone ─▶ filed
                                        └ the store is away ─▶ again, for half an hour

A verdict is published with the state that owes its report, and waits for nothing here: whatever
becomes of the report is logged and counted. Must never decide anything, nor raise into the loop.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.ids import identity_id
from evermodel.common.messaging.api import Emit, Job
from evermodel.common.observability.metrics import Metrics
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import Filed, ReportFailed, Reports, Unavailable

_LOG = logging.getLogger(__name__)

#: Seconds between tries while the store does not answer: half an hour in all.
PAUSES = (5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 700.0)


class Reporting:
    """Makes reports with `reports`; without, none are owed."""

    def __init__(
        self,
        *,
        reports: Reports | None,
        source: str,
        pause: Callable[[float], object],
        metrics: Metrics,
    ) -> None:
        """`pause` waits so many seconds; it comes from outside, like all time."""
        self._reports = reports
        self._metrics = metrics
        self._source = source
        self._pause = pause

    def owed(self, events: Sequence[Emit]) -> dict[str, Alarm]:
        """Return the alarms among `events`, by the ids that the events will have."""
        if self._reports is None:
            return {}
        alarms = (alarm for emit in events if (alarm := _alarm(emit)) is not None)
        return {alarm.event_id: alarm for alarm in alarms}

    def jobs(self, owed: Mapping[str, Alarm]) -> list[Job]:
        """Return the work that `owed` needs, each keyed by its verdict's event id."""
        if self._reports is None:
            return []
        return [
            Job(key=key, cause=self._meta(alarm), run=partial(self._file, alarm, self._reports))
            for key, alarm in owed.items()
        ]

    def ended(self, alarm: Alarm, result: object) -> None:
        """Say what became of a report: people look for it, nothing else does."""
        verdict = alarm.verdict
        match result:
            case Filed(without=""):
                outcome = "filed"
                _LOG.info("%s: report on %r: %s", verdict.model, verdict.reason, result.url)
            case Filed(without=why):
                outcome = "without_pictures"
                _LOG.warning("%s: report on %r: %s", verdict.model, verdict.reason, result.url)
                _LOG.warning("%s: it has no pictures: %s", verdict.model, why)
            case _:
                outcome, error = "given_up", result if isinstance(result, Exception) else None
                _LOG.error(
                    "%s: no report on %r: %s",
                    verdict.model,
                    verdict.reason,
                    result,
                    exc_info=error,
                )
        self._metrics.count("drift_reports", model=verdict.model, outcome=outcome)

    def _file(self, alarm: Alarm, reports: Reports) -> Filed:
        for seconds in PAUSES:
            try:
                return _filed(alarm, reports)
            except Unavailable as error:
                _LOG.warning("reports cannot be filed, again in %g s: %s", seconds, error)
                self._pause(seconds)
        return _filed(alarm, reports)

    def _meta(self, alarm: Alarm) -> EventMeta:
        return EventMeta(
            id=alarm.event_id,
            type=DriftDetected.TYPE,
            source=self._source,
            subject=alarm.verdict.model,
            time=alarm.time,
            lifecycle_id=alarm.lifecycle_id,
        )


def _filed(alarm: Alarm, reports: Reports) -> Filed:
    try:
        return reports.file(alarm)
    except ReportFailed as error:
        return reports.file(alarm, without=str(error))


def _alarm(emit: Emit) -> Alarm | None:
    verdict = emit.payload
    if not isinstance(verdict, DriftDetected) or verdict.severity != "retrain":
        return None
    if emit.identity is None:
        raise ValueError("a verdict has an identity: its report is filed under the derived id")
    return Alarm(
        event_id=identity_id(verdict.TYPE, emit.identity),
        time=emit.time,
        lifecycle_id=emit.lifecycle_id,
        verdict=verdict,
    )
