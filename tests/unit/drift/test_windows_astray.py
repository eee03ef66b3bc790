"""A window, or labels, of years ahead: a broken clock of a system upstream, or a forgery."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.testing.harness import Harness
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.wiring import assemble_detector, assemble_outcomes
from tests.unit.drift.bench import DAY, MONDAY, described
from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import REFERENCE, window

YEARS = 3 * 365
ASTRAY = "is more than a year ahead of the stream and of today"


@dataclass
class Dated(Desk):
    """A detector that knows what day it is: that of the first window."""

    def spec(self) -> ServiceSpec:
        return assemble_detector(
            models={ModelName("fraud"): described()},
            references=self.references(),
            clock=self.harness.clock,
            wall=SimulatedClock(MONDAY),
        )


def outcomes(day: int) -> OutcomesMatured:
    span = window(day).window
    return OutcomesMatured(
        model=ModelName("fraud"),
        cohort=span,
        known_until=span.end,
        label_age_seconds=0,
        rows=100,
        labelled=100,
        frauds=8,
    )


def judged(*days: int) -> Desk:
    desk = Dated(REFERENCE)
    desk.start()
    desk.crown()
    desk.harness.run()
    for day in days:
        given = window(day, shift=2.0, alerts=60)
        desk.harness.publish(given, time=given.window.end)
        desk.harness.publish(outcomes(day), time=given.window.end)
        desk.harness.run()
    return desk


@pytest.mark.guarantee(
    "input",
    fault="a system upstream dates a window, or labels, years ahead, as its {when}",
    promise="it is given up; the detector judges the real ones that follow as ever",
    seen="dead letter 'permanent': 'time … is more than a year ahead of the stream and of today'",
)
@pytest.mark.parametrize("when", ["first", "next"])
def test_the_detector_judges_what_follows(when: str) -> None:
    days = [YEARS, 0, 1, 2] if when == "first" else [0, 1, YEARS, 2]
    once, astray = judged(0, 1, 2), judged(*days)

    assert once.verdicts()
    assert astray.state() == once.state()
    assert len(astray.verdicts()) == len(once.verdicts())
    letters = astray.harness.dead_letters("drift")
    assert [letter.reason for letter in letters] == ["permanent"] * 2
    assert all(ASTRAY in letter.message for letter in letters)


def matured_by(folder: Path, *ends: datetime) -> Harness:
    harness = Harness(partitions=1)
    harness.add(
        assemble_outcomes(
            models={"fraud": described()},
            lake=DuckdbOutcomes(folder),
            wall=SimulatedClock(MONDAY),
        )
    )
    for end in ends:
        given = TransactionsWindowed(
            model=ModelName("fraud"),
            window=Span(start=end - DAY, end=end),
            counters=window(0).counters,
            quality="pass",
            champion=1,
        )
        harness.publish(given, time=end)
        harness.run()
    return harness


def test_no_labels_mature_of_a_window_of_years_ahead(tmp_path: Path) -> None:
    real = [MONDAY, MONDAY + DAY]
    harness = matured_by(tmp_path, real[0], MONDAY + YEARS * DAY, real[1])
    said = [event.payload.known_until for event in harness.events(OutcomesMatured)]
    assert said == real
    (letter,) = harness.dead_letters("drift")
    assert ASTRAY in letter.message


@pytest.mark.parametrize("days", [(0, 600, 1200, 1800), (-5 * 365, 0)])
def test_a_stream_that_is_played_ahead_or_stood_still_goes_on(
    tmp_path: Path, days: tuple[int, ...]
) -> None:
    harness = matured_by(tmp_path, *(MONDAY + day * DAY for day in days))
    assert harness.dead_letters("drift") == []
    assert len(harness.events(OutcomesMatured)) == len(days)
