"""A partition's first date is believed until two later ones agree on another time.

1970            now  now  now
 a               b    c    d      a stands alone, b is refused, c agrees with b: a is outvoted
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.messaging.api import Reaction
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.drift.handlers.windower import Windower
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    label,
    made_windower,
    scored,
    watermark,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WILD = datetime(2099, 1, 1, tzinfo=UTC)
NOW = MONDAY
Make = Callable[[int, datetime], Record]


def label_at(offset: int, known_at: datetime) -> Record:
    return label(offset, f"0-{offset}", known_at)


def scored_mark(offset: int, time: datetime) -> Record:
    return watermark("transactions.scored", offset, time)


def labels_mark(offset: int, time: datetime) -> Record:
    return watermark("labels", offset, time)


STREAMS: list[tuple[Make, Make]] = [
    (scored, scored),
    (scored_mark, scored),
    (label_at, label_at),
    (labels_mark, label_at),
]
NAMES = ["rows", "rows after a watermark", "labels", "labels after a watermark"]


def windower(*, clock: bool) -> Windower:
    """Return a windower in June 2018, or one without a wall clock, as in the twin."""
    return made_windower(clock=SimulatedClock(MONDAY + 10 * DAY) if clock else None)


def refused(reactions: Sequence[Reaction]) -> list[int]:
    found = [rejected for reaction in reactions for rejected in reaction.rejected]
    assert all("ahead of its partition" in str(each.error) for each in found)
    return [each.record.offset for each in found]


def marks_said(reactions: Sequence[Reaction]) -> list[datetime]:
    said = [emit.payload for reaction in reactions for emit in reaction.events]
    return [partial.watermark for partial in said if isinstance(partial, TransactionsPartial)]


@pytest.mark.guarantee(
    "input",
    fault="the first date of a partition is 1970, and the next ones are now",
    promise="two that agree outvote it: one row is given up, and windows close by the others",
    seen="given up (poison): time … is more than a year ahead of its partition",
)
@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize(("first", "make"), STREAMS, ids=NAMES)
def test_a_first_date_long_ago_costs_one_row_and_not_the_partition(
    first: Make, make: Make, *, clock: bool
) -> None:
    records = [first(0, EPOCH), *(make(n, NOW) for n in (1, 2, 3))]
    target = windower(clock=clock)
    assert refused([target.on_records(records)]) == [1]
    closing = watermark(records[0].topic, 4, NOW + DAY)
    said = marks_said([target.on_records([closing])])
    assert said[-1] == NOW + DAY, "the shares before it say how far they reach themselves"
    assert said == sorted(said)


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize(
    ("dates", "given_up"),
    [
        ([NOW, WILD, NOW, WILD, WILD], [1, 3, 4]),
        ([EPOCH, EPOCH + DAY, NOW, NOW], [2, 3]),
        ([EPOCH, NOW, EPOCH, NOW, NOW], [1, 3, 4]),
        ([NOW, EPOCH, NOW], []),
        ([NOW, EPOCH, WILD, NOW, WILD], [2, 4]),
        ([EPOCH, EPOCH.replace(year=1990), NOW, NOW + 30 * DAY], [1, 2]),
    ],
)
def test_two_dates_that_agree_outvote_one_and_are_not_outvoted(
    dates: Sequence[datetime], given_up: list[int], *, clock: bool
) -> None:
    target = windower(clock=clock)
    records = [scored(n, date) for n, date in enumerate(dates)]
    assert refused([target.on_records(records)]) == given_up


def test_what_the_wall_clock_rules_out_has_no_vote() -> None:
    dates = [EPOCH, WILD, WILD, NOW, NOW]
    records = [scored(n, date) for n, date in enumerate(dates)]
    assert refused([windower(clock=True).on_records(records)]) == [1, 2, 3]


DATES = [EPOCH, EPOCH + DAY, NOW, NOW + DAY, NOW + 2 * DAY, WILD]


@pytest.mark.guarantee(
    "input",
    fault="wild dates, and a restart anywhere among them",
    promise="the same rows are believed and given up, however the stream is cut",
    seen="the state in drift.windower.state is the same",
)
@given(
    st.lists(st.sampled_from(DATES), min_size=1, max_size=8),
    st.lists(st.integers(0, 9), max_size=4),
    st.sampled_from([scored, label_at]),
    st.booleans(),
)
def test_neither_cuts_nor_restarts_change_what_is_believed(
    dates: Sequence[datetime], cuts: list[int], make: Make, clock: bool
) -> None:
    records = [make(n, date) for n, date in enumerate(dates)]
    where = TopicPartition(records[0].topic, 0)
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    whole = [windower(clock=clock).on_records(records)]
    state: dict[str, bytes] = {}
    cut: list[Reaction] = []
    for begin, end in pairwise(edges):
        target = windower(clock=clock)
        target.on_restored(where, state, begin)
        cut.append(target.on_records(records[begin:end]))
        for key, value in cut[-1].state.items():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
    assert refused(cut) == refused(whole)
    assert state.keys() == {key for key, value in whole[0].state.items() if value is not None}
    closed = f"{where.topic}|0|position"
    assert state[closed] == whole[0].state[closed]
