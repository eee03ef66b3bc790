"""The training itself, as work beside the loop: plan, look up, run the child, record.

Looked up before it is made: a redelivery, or a crash between the record and the event, finds
the finished run and trains nothing. A run store or a lake that does not answer, and a machine that
has no room, are waited for, however long: the alarm is not asked again, so a training that gave up
would be lost. Nor are more made at once than the machine carries: what drifts upstream raises the
alarms of all models together, and what they took from each other would end most for taking too
long.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

from evermodel.common.events.payload import Span
from evermodel.common.events.training import Artefact, ModelTrained
from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.kernel.ids import EventId
from evermodel.common.kernel.meant_time import EARLIEST, LATEST
from evermodel.common.models.description import ModelDescription
from evermodel.trainer.domain.admission import Span as Pair
from evermodel.trainer.domain.admission import Training
from evermodel.trainer.domain.spans import training_span
from evermodel.trainer.ports import (
    ChildFailed,
    ChildRunner,
    Plan,
    Report,
    Run,
    RunStore,
    Unavailable,
    Workspace,
)

_LOG = logging.getLogger(__name__)

#: Seconds between tries of what does not answer; the last again and again.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

T = TypeVar("T")


class Work:
    """Carries out trainings, one call each; holds nothing between them but whose turn it is."""

    def __init__(
        self,
        *,
        child: ChildRunner,
        runs: RunStore,
        workspace: Workspace,
        lake: str,
        threads: int,
        at_once: int,
        pause: Callable[[float], object],
        monotonic: Callable[[], float],
    ) -> None:
        """`at_once`: so many are made together, the others wait for their turn.

        `pause` waits so many seconds; it comes from outside, like all time.
        """
        self._child = child
        self._runs = runs
        self._workspace = workspace
        self._lake = lake
        self._threads = threads
        self._turns = threading.BoundedSemaphore(at_once)
        self._pause = pause
        self._monotonic = monotonic

    def carry_out(
        self, training: Training, *, model: ModelDescription, left_out: tuple[Pair, ...]
    ) -> ModelTrained:
        """Return what came of `training`; never raises for what a training can run into."""
        plan = plan_of(
            training, model=model, left_out=left_out, lake=self._lake, threads=self._threads
        )
        try:
            return self._trained(training, plan)
        except ChildFailed as error:
            return failed(training, plan, reason=str(error))

    def _trained(self, training: Training, plan: Plan) -> ModelTrained:
        cause = EventId(training.request.cause.id)
        run = self._patiently(lambda: self._found(plan, cause))
        if run is not None:
            _LOG.info("%s was trained before, as run %s", cause, run.run_id)
            return trained(training, plan, run)
        try:
            folder, report, seconds = self._patiently(lambda: self._made(plan, cause))
            if report.outcome == "failed":
                return failed(training, plan, reason=report.reason)
            run = self._patiently(lambda: self._recorded(folder, report, plan, cause, seconds))
            return trained(training, plan, run)
        finally:
            self._workspace.discard(cause)

    def _made(self, plan: Plan, cause: EventId) -> tuple[Path, Report, float]:
        """Run the child in a new folder; return that, its report, and the seconds it took."""
        with self._turns:
            folder, began = self._workspace.folder(cause), self._monotonic()
            report = self._child.run(plan, folder=folder)
            return folder, report, self._monotonic() - began

    def _found(self, plan: Plan, cause: EventId) -> Run | None:
        return self._runs.find(model=plan.model.name, cause=cause)

    def _recorded(
        self, folder: Path, report: Report, plan: Plan, cause: EventId, seconds: float
    ) -> Run:
        """Look first: a try whose answer was lost may have made the run."""
        return self._found(plan, cause) or self._runs.record(
            folder,
            report=report,
            plan=plan,
            cause=cause,
            caused_at=plan.as_of,
            seconds=seconds,
        )

    def _patiently(self, ask: Callable[[], T]) -> T:
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while True:
            try:
                return ask()
            except (Unavailable, OSError) as error:
                if not isinstance(error, Unavailable) and not is_exhausted(error):
                    raise
                seconds = next(pauses)
                _LOG.warning("a training waits, again in %g s: %s", seconds, error)
                self._pause(seconds)


def plan_of(
    training: Training,
    *,
    model: ModelDescription,
    left_out: tuple[Pair, ...],
    lake: str,
    threads: int,
) -> Plan:
    """Return the plan of `training`: all its rows and numbers, and nothing of this process."""
    delay, window = model.stream.label_delay, model.training.window
    # An order may be dated anywhere, and its plan must be one that can be written down: where
    # there are no rows, the training says so.
    as_of = min(max(training.as_of, EARLIEST + delay + window), LATEST)
    start, end = training_span(as_of=as_of, label_delay=delay, window=window)
    return Plan(
        model=model,
        lake=lake,
        span=Span(start=start, end=end),
        as_of=as_of,
        onset=training.request.onset,
        drifted=training.request.drifted,
        left_out=tuple(Span(start=a, end=b) for a, b in left_out if _overlap(a, b, start, end)),
        seed=model.training.seed,
        threads=threads,
    )


def _overlap(start: datetime, end: datetime, since: datetime, until: datetime) -> bool:
    return start < until and end > since


def trained(training: Training, plan: Plan, run: Run) -> ModelTrained:
    """Return the event of a training that made a model."""
    report = run.report
    return ModelTrained(
        model=plan.model.name,
        outcome="trained",
        reason=training.request.reason,
        caused_by=EventId(training.request.cause.id),
        cause=training.request.channel,
        champion=training.request.champion,
        run_id=run.run_id,
        artefact=artefact_of(run),
        holdout_uri=run.holdout_uri,
        data=report.data,
        rows=report.rows,
        frauds=report.frauds,
        dataset_digest=report.dataset_digest,
        seed=plan.seed,
        code_version=report.code_version,
        metrics=report.metrics,
    )


def artefact_of(run: Run) -> Artefact:
    """Return the run's model as a thing that can be fetched and checked."""
    report: Report = run.report
    if report.digest is None or report.reference_id is None:
        raise ValueError(f"run {run.run_id} holds no model")
    return Artefact(
        uri=run.bundle_uri,
        digest=report.digest,
        threshold=report.threshold,
        reference_id=report.reference_id,
    )


def failed(training: Training, plan: Plan, *, reason: str) -> ModelTrained:
    """Return the event of a training that made nothing."""
    return ModelTrained(
        model=plan.model.name,
        outcome="failed",
        reason=reason,
        caused_by=EventId(training.request.cause.id),
        cause=training.request.channel,
        champion=training.request.champion,
        data=plan.span,
        seed=plan.seed,
    )
