"""A date that no clock can have meant is given up with its reason, and moves no watermark."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import pytest

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.api import Reaction
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.drift.handlers.windower import Windower
from evermodel.lake.layout import CHUNK_OFFSETS
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    FakeLake,
    label,
    made_windower,
    scored,
    watermark,
)

YEARS = [datetime(year, 1, 1, tzinfo=UTC) for year in (2099, 9999)]
Make = Callable[[int, datetime], Record]

SCORED: Make = scored
LABEL: Make = lambda offset, time: label(offset, f"l{offset}", time)  # noqa: E731
SCORED_MARK: Make = lambda offset, time: watermark("transactions.scored", offset, time)  # noqa: E731
LABELS_MARK: Make = lambda offset, time: watermark("labels", offset, time)  # noqa: E731
STREAMS = [(SCORED, SCORED), (SCORED_MARK, SCORED), (LABEL, LABEL), (LABELS_MARK, LABEL)]
NAMES = ["a row", "a watermark of rows", "a label", "a watermark of labels"]


def windower(lake: FakeLake | None = None) -> Windower:
    """Return a windower in June 2018."""
    return made_windower(lake, clock=SimulatedClock(MONDAY + 10 * DAY))


def partials(reaction: Reaction) -> list[TransactionsPartial]:
    return [e.payload for e in reaction.events if isinstance(e.payload, TransactionsPartial)]


def given_up(reaction: Reaction) -> list[Record]:
    for rejected in reaction.rejected:
        assert isinstance(rejected.error, Poison)
        assert "more than a year ahead" in str(rejected.error)
    return [rejected.record for rejected in reaction.rejected]


@pytest.mark.guarantee(
    "input",
    fault="a row, label or watermark of {year.year}, {place} in its partition",
    promise="given up; no watermark moves and no window closes by it",
    seen="given up (poison): time … is more than a year ahead of its partition",
)
@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(("wild", "sound"), STREAMS, ids=NAMES)
@pytest.mark.parametrize("place", ["first", "later"])
def test_a_wild_date_is_given_up_and_moves_no_watermark(
    wild: Make, sound: Make, year: datetime, place: Literal["first", "later"]
) -> None:
    target = windower()
    first, later = (wild(0, year), sound(1, MONDAY)), (sound(0, MONDAY), wild(1, year))
    records = first if place == "first" else later
    bad = records[0 if place == "first" else 1]
    reaction = target.on_records(records)
    assert given_up(reaction) == [bad]
    assert partials(reaction) == []
    closing = watermark(records[0].topic, 2, MONDAY + DAY)
    (partial,) = partials(target.on_records([closing]))
    assert partial.watermark == MONDAY + DAY


@pytest.mark.parametrize("chunk", [0, 2 * CHUNK_OFFSETS])
@pytest.mark.parametrize(("make", "year"), [(SCORED, YEARS[0]), (LABEL, YEARS[0])])
def test_what_was_given_up_stays_out_of_the_lake_when_its_chunk_is_read_again(
    make: Make, year: datetime, chunk: int
) -> None:
    records = [make(chunk, MONDAY), make(chunk + 1, year), make(chunk + 2, MONDAY + DAY)]
    topic = records[0].topic
    before = windower().on_records(records)
    assert given_up(before) == [records[1]]
    lake = FakeLake()
    after = windower(lake)
    kept = {key: value for key, value in before.state.items() if value is not None}
    after.on_restored(TopicPartition(topic, 0), kept, chunk + 3)
    again = after.on_records(records)
    assert not again.rejected
    assert not again.events
    after.on_records([make(chunk + CHUNK_OFFSETS, MONDAY + DAY)])
    assert len(lake.ids()) == 2


@pytest.mark.guarantee(
    "input",
    fault="a payment names version {version}",
    promise="a dead letter; its neighbours are counted",
    seen="given up (poison): … is not the number of a version",
)
@pytest.mark.parametrize("version", [2**31, 10**30])
def test_a_version_that_the_lake_cannot_hold_is_refused(version: int) -> None:
    rows = [
        scored(0, MONDAY, decided_by=version),
        scored(1, MONDAY, scores={str(version): 0.5}),
        scored(2, MONDAY, alerts={str(version): True}),
        scored(3, MONDAY, failed=(str(version),)),
        scored(4, MONDAY, decided_by=2**31 - 1),
    ]
    reaction = windower().on_records(rows)
    assert sorted(r.record.offset for r in reaction.rejected) == [0, 1, 2, 3]
    for rejected in reaction.rejected:
        assert isinstance(rejected.error, Poison)
