"""Given/when/then for the deployer's handlers: a day is a window, and Git is in memory."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured, PairedOutcomes
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import (
    ENTITY_GROUPS,
    PairedCounts,
    ServedCounts,
    TransactionsWindowed,
    WindowCounters,
)
from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName, ReferenceId
from evermodel.common.messaging.api import Held, Job, Reaction
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.common.observability.metrics import Metrics
from evermodel.common.testing.sample import settled
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.handlers.rollout import RolloutHandlers

P = ParamSpec("P")
T = TypeVar("T")
DAY = timedelta(days=1)
START = datetime(2018, 6, 1, tzinfo=UTC)
FRAUD = ModelName("fraud")


def description(**rollout: Any) -> ModelDescription:
    return ModelDescription.model_validate(
        {
            "model": {"name": "fraud"},
            "stream": {"time": "T", "label": "L"},
            "features": {"continuous": ["A"]},
            "rollout": rollout,
        }
    )


def digest(version: int) -> str:
    return f"sha256:{version:064x}"


def artefact(version: int) -> Artefact:
    return Artefact(
        uri=f"runs:/r{version}/bundle",
        digest=digest(version),
        threshold=0.5,
        reference_id=ReferenceId(f"ref{version}"),
    )


def served(
    decided_by: int, version: int, rows: int, *, alerts: float = 0.01, failed: int = 0
) -> ServedCounts:
    """Scores low but for the alerted share, which scores high."""
    high = round((rows - failed) * alerts)
    histogram = (rows - failed - high, *(0,) * 18, high)
    return ServedCounts(
        decided_by=decided_by,
        version=version,
        rows=rows,
        failed=failed,
        alerts=high,
        histogram=histogram,
    )


def agreeing(decided_by: int, one: ServedCounts, other: ServedCounts) -> PairedCounts:
    """Two versions that agree as far as their alerts let them, on the same rows."""
    older, newer = sorted((one, other), key=lambda counts: counts.version)
    rows = min(one.rows - one.failed, other.rows - other.failed)
    return PairedCounts(
        decided_by=decided_by,
        older=older.version,
        newer=newer.version,
        rows=rows,
        older_alone=max(0, older.alerts - newer.alerts),
        newer_alone=max(0, newer.alerts - older.alerts),
        group_rows=tuple((rows + group) // ENTITY_GROUPS for group in range(ENTITY_GROUPS)),
        group_gaps=tuple(group % 3 for group in range(ENTITY_GROUPS)),
        group_spreads=tuple(group % 3 for group in range(ENTITY_GROUPS)),
    )


def candidate(version: int, artefact_of: int | None = None) -> ModelValidated:
    return ModelValidated(
        model=FRAUD,
        verdict="accepted",
        reasons=("better",),
        gates=(),
        trained_by=EventId(f"trained-{version}"),
        champion=None,
        version=version,
        model_uri=f"models:/fraud/{version}",
        artefact=artefact(artefact_of or version),
    )


class Inline(Executor):
    """Does what it is given at once."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Story:
    """A deployer and what it said. Windows are days; each also matures a cohort."""

    def __init__(
        self,
        *,
        repository: MemoryRepository | None = None,
        beside: Executor | None = None,
        **rollout: Any,
    ) -> None:
        self.models = {"fraud": description(**rollout)}
        self.repository = repository or MemoryRepository()
        self.metrics = Metrics()
        self._beside = beside or Inline()
        self.handlers = self._fresh()
        self.now = START
        self.steps: list[RolloutStep] = []
        self.times: list[datetime] = []
        self.lifecycles: list[str | None] = []
        self.causes: list[str | None] = []
        self.state: dict[str, bytes] = {}
        self.jobs: list[Job] = []
        self.keeps_jobs = False
        self._ids = itertools.count()

    def _fresh(self) -> RolloutHandlers:
        engine = EmbeddedEngine(self.repository)
        return RolloutHandlers(
            models=self.models,
            repository=self.repository,
            engine=engine,
            beside=self._beside,
            metrics=self.metrics,
        )

    def seconds(self, count: int) -> "Story":
        """Let the loop tick."""
        for _ in range(count):
            self.take(self.handlers.on_tick())
        return self

    # given and when

    def accepted(self, version: int, *, artefact_of: int | None = None) -> "Story":
        return self.happens(candidate(version, artefact_of), lifecycle=f"life-{version}")

    def ask(self, version: int) -> Held:
        """Hand an accepted version over without doing the work that follows."""
        held = self.answer(candidate(version))
        assert isinstance(held, Held)
        return held

    def day(
        self,
        *,
        rows: int = 4000,
        alerts: float = 0.01,
        challenger: float = 0.01,
        deciding: float | None = None,
        failed: int = 0,
        quality: str = "pass",
        paired: Sequence[PairedOutcomes] = (),
        matures: bool = True,
    ) -> "Story":
        """A window by the weights of the last step, then the labels that matured.

        `challenger`: its alert rate where it shadows; `deciding`: where it decides.
        """
        self.now += DAY
        span = Span(start=self.now - DAY, end=self.now)
        cells: list[ServedCounts] = []
        pairs_seen: list[PairedCounts] = []
        shares = self.steps[-1].in_play if self.steps else ()
        for decider in shares:
            n = rows * decider.weight // 100
            mine: list[ServedCounts] = []
            for share in shares if n else ():
                rate = alerts if share.role == "champion" else challenger
                if share.role == "challenger" and share is decider and deciding is not None:
                    rate = deciding
                bad = failed if share.role == "challenger" else 0
                mine.append(served(decider.version, share.version, n, alerts=rate, failed=bad))
            cells += mine
            pairs_seen += [
                agreeing(decider.version, *two) for two in itertools.combinations(mine, 2)
            ]
        window = TransactionsWindowed(
            model=FRAUD,
            window=span,
            counters=WindowCounters(rows=rows, served=tuple(cells), paired=tuple(pairs_seen)),
            quality=quality,
        )
        self.happens(window)
        return self.labels(*paired) if matures else self

    def days(self, count: int, **day: Any) -> "Story":
        for _ in range(count):
            self.day(**day)
        return self

    def labels(self, *paired: PairedOutcomes) -> "Story":
        cohort = Span(start=self.now - 8 * DAY, end=self.now - 7 * DAY)
        return self.happens(
            OutcomesMatured(
                model=FRAUD,
                cohort=cohort,
                known_until=self.now,
                label_age_seconds=7 * 86400.0,
                rows=0,
                labelled=0,
                frauds=0,
                paired=tuple(paired),
            )
        )

    def cannot_serve(self, version: int, *, reason: str = "no signature") -> "Story":
        return self.happens(
            ServingApplied(
                model=FRAUD,
                replica="0",
                step_event_id="x",
                versions=(ServedVersion(version=version, state="failed", reason=reason),),
            )
        )

    def orders(self, command: str, version: int | None = None) -> "Story":
        return self.happens(
            LifecycleCommand(
                model=FRAUD,
                command=command,
                who="ada",
                why="I say so",
                version=version,
            )
        )

    def restarted(self) -> "Story":
        self.handlers = self._fresh()
        self.handlers.on_restored(TopicPartition("deployer.state", 0), self.state, None)
        return self

    def happens(self, payload: Payload, *, lifecycle: str | None = None) -> "Story":
        meta = self.meta(payload, lifecycle=lifecycle)
        self.last = (payload, meta)
        self.take(self.deliver(payload, meta))
        return self

    def meta(self, payload: Payload, *, lifecycle: str | None = None) -> EventMeta:
        return EventMeta(
            id=EventId(f"event-{next(self._ids)}"),
            type=payload.TYPE,
            source="/test",
            subject="fraud",
            time=self.now,
            lifecycle_id=None if lifecycle is None else LifecycleId(lifecycle),
        )

    def deliver(self, payload: Payload, meta: EventMeta) -> Reaction:
        return settled(self._routed(payload, meta))

    def answer(self, payload: Payload) -> Reaction | Held:
        """Hand an event over without doing the work that follows."""
        return self._routed(payload, self.meta(payload))

    def _routed(self, payload: Payload, meta: EventMeta) -> Reaction | Held:
        handlers: dict[type[Payload], Any] = {
            ModelValidated: self.handlers.on_model_validated,
            TransactionsWindowed: self.handlers.on_transactions_windowed,
            OutcomesMatured: self.handlers.on_outcomes_matured,
            ServingApplied: self.handlers.on_serving_applied,
            LifecycleCommand: self.handlers.on_lifecycle_command,
        }
        answer: Reaction | Held = handlers[type(payload)](payload, meta)
        return answer

    def take(self, reaction: Reaction) -> None:
        for emit in reaction.events:
            assert isinstance(emit.payload, RolloutStep)
            self.steps.append(emit.payload)
            self.times.append(emit.time)
            self.lifecycles.append(emit.lifecycle_id)
            self.causes.append(emit.caused_by)
        self.state.update({k: v for k, v in reaction.state.items() if v is not None})
        self.jobs += reaction.jobs
        if not self.keeps_jobs:
            self.do_jobs()

    def do_jobs(self) -> None:
        """Do what was accepted, as the loop does beside itself."""
        while self.jobs:
            self.take(self.done(self.jobs.pop(0)))

    def done(self, job: Job) -> Reaction:
        return self.handlers.on_done(job.key, job.cause, job.run())

    # then

    @property
    def actions(self) -> list[str]:
        return [f"{step.action} v{step.version}" for step in self.steps]

    @property
    def taken_back(self) -> RolloutStep:
        """The last step that took a version back."""
        return [s for s in self.steps if s.action in {"aborted", "rolled_back"}][-1]

    @property
    def weights(self) -> dict[int, int]:
        return {share.version: share.weight for share in self.steps[-1].in_play}

    @property
    def subjects(self) -> list[str]:
        return [change.subject for _, change in self.repository.log]


def pairs(
    champion: int,
    challenger: int,
    *,
    lost: int = 0,
    won: int = 0,
    both: int = 20,
    more: int = 0,
    fewer: int = 0,
) -> PairedOutcomes:
    return PairedOutcomes(
        champion=champion,
        challenger=challenger,
        frauds_both=both,
        frauds_champion_only=lost,
        frauds_challenger_only=won,
        frauds_neither=10,
        genuine_both=5,
        genuine_champion_only=fewer,
        genuine_challenger_only=more,
        genuine_neither=1000,
    )
