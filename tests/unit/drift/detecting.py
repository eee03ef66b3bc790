"""A detector over the in-memory broker, and what is said to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import TypeAdapter

from evermodel.common.events.catalogue import DETECTOR_STATE
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import (
    TransactionsPartial,
    TransactionsWindowed,
    WindowCounters,
)
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.loop import Loop
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.rollouts import rollout_step
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.handlers.detector_states import decoded
from evermodel.drift.ports import Backlog, References, Reports
from evermodel.drift.wiring import assemble_detector
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import DAY, MONDAY, FakeReferences, described
from tests.unit.drift.fake_reports import FakeReports

NAME = ModelName("fraud")


@dataclass
class Desk:
    """One detector, life after life. `pauses`: the seconds it waited for a store of reports."""

    reference: Reference
    reports: Reports = field(default_factory=FakeReports)
    idle_seconds: float = 0.0
    backlog: Backlog | None = None
    harness: Harness = field(default_factory=lambda: Harness(partitions=1))
    pauses: list[float] = field(default_factory=list)
    specs: list[ServiceSpec] = field(default_factory=list)

    def references(self) -> References:
        return FakeReferences({self.reference.reference_id: self.reference})

    def spec(self) -> ServiceSpec:
        return assemble_detector(
            models={NAME: described()},
            references=self.references(),
            clock=self.harness.clock,
            idle_seconds=self.idle_seconds,
            backlog=self.backlog,
            reports=self.reports,
            pause=self.pauses.append,
        )

    def start(self) -> Loop:
        self.specs.append(self.spec())
        return self.harness.add(self.specs[-1], ticks=self.idle_seconds > 0)

    def crown(self, version: int = 1) -> None:
        """Let `version`, trained on the reference, take all traffic."""
        step = rollout_step(
            "promoted",
            about=version,
            in_play=((version, "champion", 100),),
            reference_id=self.reference.reference_id,
        )
        self.harness.publish(step, time=MONDAY)

    def say(
        self,
        day: float,
        *,
        partition: int = 0,
        partitions: int = 2,
        stream: Literal["scored", "labels"] = "scored",
        rows: int = 0,
        watermark: float | None = None,
        files: Sequence[str] = (),
        run: bool = True,
    ) -> None:
        """Publish a partial of `day` (0: the first Monday), which its partition is past."""
        start = MONDAY + int(day) * DAY
        mark = MONDAY + (day + 1 if watermark is None else watermark) * DAY
        partial = TransactionsPartial(
            model=NAME,
            window=Span(start=start, end=start + DAY),
            stream=stream,
            partition=partition,
            partitions=partitions,
            watermark=mark,
            counters=WindowCounters(rows=rows) if stream == "scored" else None,
            lake=tuple(files),
        )
        self.harness.publish(partial, time=start + DAY)
        if run:
            self.harness.run()

    def wait(self, seconds: float) -> None:
        """Let wall time pass, and the detector notice."""
        self.harness.clock.advance(seconds)
        self.harness.run()

    def windows(self) -> list[TransactionsWindowed]:
        return [event.payload for event in self.harness.events(TransactionsWindowed)]

    def days(self) -> list[tuple[float, int]]:
        """Return the day and the rows of each window that was closed."""
        return [
            ((w.window.start - MONDAY) / timedelta(days=1), w.counters.rows) for w in self.windows()
        ]

    def verdicts(self) -> list[Event[DriftDetected]]:
        return self.harness.events(DriftDetected)

    def state(self) -> str:
        kept = decoded(self.harness.state(DETECTOR_STATE.name)[NAME])
        return TypeAdapter(ModelState).dump_json(kept).decode()


def at(day: float) -> datetime:
    return MONDAY + day * DAY
