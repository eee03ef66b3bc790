"""A trainer on the real loop over the in-memory broker, with a child that does as it is told."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Name, Span, Time
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.ids import EpisodeId, EventId, ModelName, ReferenceId
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.models.file import parse_model
from evermodel.common.testing.harness import Harness
from evermodel.trainer.adapters.folder_runs import FolderRuns
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.domain.admission import Admission
from evermodel.trainer.handlers.state import loaded
from evermodel.trainer.ports import REPORT, Plan, Report, Run, Unavailable
from evermodel.trainer.wiring import assemble

T = TypeVar("T")
DAY = timedelta(days=1)
MODEL = parse_model(
    '[model]\nname = "fraud"\n[stream]\ntime = "T"\nlabel = "L"\n[features]\ncontinuous = ["A"]\n',
    source="bench",
)
MADE = Report(
    outcome="trained",
    reason="trained on 10 rows",
    digest="sha256:" + "a" * 64,
    threshold=0.25,
    reference_id=ReferenceId("r"),
    rows=10,
    frauds=2,
)


def day(n: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + DAY * n


class Child:
    """Makes a model, or ends as the next of `endings` says; remembers its plans."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.endings: deque[Report | BaseException] = deque()
        self.clock = 0.0

    def run(self, plan: Plan, *, folder: Path) -> Report:
        self.plans.append(plan)
        assert list(folder.iterdir()) == [], "a training begins in an empty folder"
        (folder / "half").write_text("what a crash leaves behind")
        self.clock += 7.5
        ending = self.endings.popleft() if self.endings else MADE
        if isinstance(ending, BaseException):
            raise ending
        (folder / REPORT).write_text(ending.model_dump_json())
        return ending


class Runs:
    """Runs in a folder; asking first raises what is `away`, one a time."""

    def __init__(self, root: Path) -> None:
        self._folder = FolderRuns(root)
        self.root = root
        self.away: deque[BaseException] = deque()
        self.lost: deque[BaseException] = deque()
        self.made: list[EventId] = []
        self.seconds: list[float] = []

    def find(self, *, model: Name, cause: EventId) -> Run | None:
        self._answer(self.away)
        return self._folder.find(model=model, cause=cause)

    def record(
        self,
        folder: Path,
        *,
        report: Report,
        plan: Plan,
        cause: EventId,
        caused_at: Time,
        seconds: float,
    ) -> Run:
        """Raise what is `lost` only after the run was made: the answer did not arrive."""
        self.made.append(cause)
        self.seconds.append(seconds)
        made = self._folder.record(
            folder,
            report=report,
            plan=plan,
            cause=cause,
            caused_at=caused_at,
            seconds=seconds,
        )
        self._answer(self.lost)
        return made

    def _answer(self, errors: deque[BaseException]) -> None:
        if errors:
            raise errors.popleft()


class Later:
    """Keeps work until it is told to do it: a training that takes its time (``Beside``)."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], None]] = deque()

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        future: Future[T] = Future()
        self._work.append(lambda: future.set_result(work()))
        return future

    @property
    def waiting(self) -> int:
        """How much waits."""
        return len(self._work)

    def finish(self) -> None:
        """Do everything that waits."""
        while self._work:
            self._work.popleft()()


class Bench:
    """A harness with one trainer; `restart` takes it out as a crash does and starts another."""

    def __init__(self, folder: Path) -> None:
        self.harness = Harness()
        self.child, self.runs = Child(), Runs(folder / "runs")
        self.runs.root.mkdir()
        self.work = folder / "work"
        self.paused: list[float] = []

    def spec(self, *, wall: Clock | None = None) -> ServiceSpec:
        return assemble(
            models={"fraud": MODEL},
            child=self.child,
            runs=self.runs,
            workspace=FolderWorkspace(self.work),
            lake="lake",
            pause=self.paused.append,
            monotonic=lambda: self.child.clock,
            wall=wall,
        )

    @property
    def said(self) -> list[ModelTrained]:
        return [event.payload for event in self.harness.events(ModelTrained)]

    @property
    def recorded(self) -> list[str]:
        return sorted(path.name for path in self.runs.root.iterdir())

    @property
    def admission(self) -> Admission:
        return loaded(self.harness.state(TRAINER_STATE.name)["fraud"])

    def answers(self) -> Mapping[str, str]:
        return {answer.event: answer.answer for answer in self.admission.answers}


def alarm(at: float, *, episode: str = "e1", onset: float | None = None) -> DriftDetected:
    """Return a verdict on the window that ends at day `at`."""
    return DriftDetected(
        model=ModelName("fraud"),
        window=Span(start=day(at - 1), end=day(at)),
        episode_id=EpisodeId(episode),
        cause="feature",
        severity="retrain",
        onset=day(at - 1 if onset is None else onset),
        features=("A",),
        rows=10_000,
        reference_id=None,
        champion=1,
        policy="1",
        reason="A moved",
    )


def matured(at: float) -> OutcomesMatured:
    """Return the cohort that ended seven days before day `at`."""
    return OutcomesMatured(
        model=ModelName("fraud"),
        cohort=Span(start=day(at - 8), end=day(at - 7)),
        known_until=day(at),
        label_age_seconds=7 * 86_400,
        rows=10_000,
        labelled=10_000,
        frauds=50,
    )


def retrain() -> LifecycleCommand:
    return LifecycleCommand(
        model=ModelName("fraud"), command="retrain", who="anna", why="a new shop"
    )


GONE = Unavailable("connection refused")
