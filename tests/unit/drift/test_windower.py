"""Every row is counted once, in its own window, and lies in the lake once."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.errors import Foreign, Poison
from evermodel.common.messaging.api import Reaction
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.drift.handlers.windower import Windower
from evermodel.lake.layout import CHUNK_OFFSETS
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    FakeLake,
    FakeReferences,
    label,
    made_windower,
    record,
    referenced,
    scored,
    watermark,
)

REFERENCE = referenced()
SCORED = TopicPartition("transactions.scored", 0)


def windower(lake: FakeLake | None = None) -> Windower:
    return made_windower(lake, references=FakeReferences({REFERENCE.reference_id: REFERENCE}))


def partials(*reactions: Reaction) -> list[TransactionsPartial]:
    found = [emit.payload for reaction in reactions for emit in reaction.events]
    return [payload for payload in found if isinstance(payload, TransactionsPartial)]


def two_days() -> list[Record]:
    """40 rows over two days, one of them late, then the watermark that closes both."""
    hours = [*range(0, 30), 5, *range(30, 39)]
    rows = [
        scored(n, MONDAY + timedelta(hours=h), reference=REFERENCE.reference_id)
        for n, h in enumerate(hours)
    ]
    return [*rows, watermark("transactions.scored", len(rows), MONDAY + 2 * DAY)]


@given(st.lists(st.integers(0, 41), max_size=5))
def test_the_cut_into_batches_changes_no_count(cuts: list[int]) -> None:
    records, edges = two_days(), sorted({0, *cuts, 41})
    target, whole = windower(), windower()
    cut = [target.on_records(records[a:b]) for a, b in pairwise(edges)]
    expected = [p.counters for p in partials(whole.on_records(records)) if not p.late]
    assert [p.counters for p in partials(*cut) if not p.late] == expected
    late = [p.counters.rows for p in partials(*cut) if p.late and p.counters]
    assert sum(late) == 1


def test_rows_are_counted_by_window_and_an_empty_one_is_said() -> None:
    target = windower()
    first = partials(target.on_records(two_days()))
    assert [p.counters.rows for p in first if p.counters] == [24, 1, 15]
    later = target.on_records([watermark("transactions.scored", 41, MONDAY + 3 * DAY)])
    assert [p.counters.rows for p in partials(later) if p.counters] == [0]


@given(st.integers(1, 40))
def test_a_crash_neither_loses_nor_doubles_a_row(crash: int) -> None:
    records, lake = two_days(), FakeLake()
    before = windower(lake).on_records(records[:crash])
    windower(lake)  # what the crashed one held in memory is gone
    after = windower(lake)
    kept = {key: value for key, value in before.state.items() if value is not None}
    restored = after.on_restored(SCORED, kept, crash)
    assert restored.rewind_to == 0
    replayed = after.on_records(records[:crash])
    assert not replayed.events
    rest = after.on_records(records[crash:])
    rows = [p.counters.rows for p in partials(before, rest) if p.counters]
    assert sum(rows) == 40
    after.on_records([scored(CHUNK_OFFSETS, MONDAY + 2 * DAY)])
    assert len(lake.ids()) == len(set(lake.ids())) == 40


def test_a_crash_between_two_chunks_loses_no_row_of_the_first() -> None:
    rows = [scored(CHUNK_OFFSETS - n, MONDAY) for n in (2, 1)]
    before = windower().on_records(rows)
    lake = FakeLake()
    after = windower(lake)
    kept = {key: value for key, value in before.state.items() if value is not None}
    restored = after.on_restored(SCORED, kept, CHUNK_OFFSETS)
    assert restored.rewind_to is not None
    after.on_records([row for row in rows if row.offset >= restored.rewind_to])
    after.on_records([scored(CHUNK_OFFSETS, MONDAY)])
    assert len(lake.ids()) == 2


def test_a_partial_names_files_that_are_written() -> None:
    lake = FakeLake()
    for partial in partials(windower(lake).on_records(two_days())):
        assert partial.lake
        assert set(partial.lake) <= set(lake.files)


def test_a_promotion_inside_a_window_is_counted_by_reference() -> None:
    rows = [
        scored(0, MONDAY),
        scored(1, MONDAY, reference=REFERENCE.reference_id),
        watermark("transactions.scored", 2, MONDAY + DAY),
    ]
    (partial,) = partials(windower().on_records(rows))
    assert partial.counters is not None
    by_reference = {r.reference_id: r.rows for r in partial.counters.references}
    assert by_reference == {None: 1, REFERENCE.reference_id: 1}


def test_labels_are_in_the_lake_before_their_watermark_is_said() -> None:
    lake = FakeLake()
    records = [
        label(0, "a", MONDAY),
        label(1, "b", MONDAY + DAY / 2),
        watermark("labels", 2, MONDAY + DAY),
    ]
    (partial,) = partials(windower(lake).on_records(records))
    assert (partial.stream, partial.counters) == ("labels", None)
    assert lake.ids() == ["a", "b"]


def test_labels_of_a_backfill_are_in_the_lake_though_no_window_ends_after_them() -> None:
    lake = FakeLake()
    target = windower(lake)
    target.on_records([label(0, "a", MONDAY), label(1, "b", MONDAY + 2 * DAY)])
    again = target.on_records([label(2, "c", MONDAY), label(3, "d", MONDAY + DAY)])
    assert partials(again) == []
    assert lake.ids() == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("transactions.scored", 1, b"not json"), "malformed"),
        (record("transactions.scored", 1, None), "truncated"),
        (scored(1, MONDAY, model="other"), "no model is named"),
        (scored(1, MONDAY, features={"amount": 1.0, "shop": "a"}), "night is missing"),
        (scored(1, MONDAY, features={"amount": "x", "shop": "a", "night": 0}), "amount: str"),
        (scored(1, MONDAY, features={"amount": True, "shop": "a", "night": 0}), "amount: bool"),
        (scored(1, MONDAY + 5000 * DAY), "ahead of its partition"),
        (scored(1, MONDAY, scores={"best": 0.5}), "not the number of a version"),
    ],
)
def test_a_bad_record_is_rejected_with_its_reason_and_its_neighbours_count(
    bad: Record, reason: str
) -> None:
    target = windower()
    good = [scored(0, MONDAY), scored(2, MONDAY)]
    reaction = target.on_records([good[0], bad, good[1]])
    (rejected,) = reaction.rejected
    assert rejected.record is bad
    assert isinstance(rejected.error, Foreign if "no model" in reason else Poison)
    assert reason in str(rejected.error)
    closed = target.on_records([watermark("transactions.scored", 3, MONDAY + DAY)])
    assert [p.counters.rows for p in partials(closed) if p.counters] == [2]


def test_an_unknown_column_is_ignored() -> None:
    row = scored(0, MONDAY, features={"amount": 1.0, "shop": "a", "night": 0, "more": "x"})
    assert not windower().on_records([row]).rejected
