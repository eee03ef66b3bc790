"""A window closes once, in order, when nobody can still bring anything into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import TransactionsPartial, TransactionsWindowed
from evermodel.common.testing.harness import Crashed, crash_at
from tests.unit.drift.bench import referenced
from tests.unit.drift.detecting import Desk, at
from tests.unit.drift.windows import window

REFERENCE = referenced()
IDLE = 30.0


def begun(*, idle_seconds: float = 0.0) -> Desk:
    """Return a detector to which the labels of the first ten days are told."""
    desk = Desk(REFERENCE, idle_seconds=idle_seconds)
    desk.start()
    desk.say(0, stream="labels", partitions=1, watermark=10)
    return desk


def test_a_window_waits_for_its_slowest_partition() -> None:
    desk = begun()
    desk.say(0, partition=0, rows=3)
    desk.say(1, partition=0, rows=5)
    assert desk.days() == []
    desk.say(0, partition=1, rows=4)
    assert desk.days() == [(0, 7)]


def test_a_window_waits_for_the_labels_too() -> None:
    desk = Desk(REFERENCE)
    desk.start()
    desk.say(0, partitions=1, rows=3)
    assert desk.days() == []
    desk.say(0, stream="labels", partition=0)
    assert desk.days() == []
    desk.say(0, stream="labels", partition=1)
    assert desk.days() == [(0, 3)]
    assert desk.windows()[0].labels_until == at(1)


def test_a_window_names_the_files_of_every_partition() -> None:
    desk = begun()
    desk.say(0, partition=0, rows=3, files=("p0",))
    desk.say(0, partition=1, rows=4, files=("p1",))
    assert desk.windows()[0].lake == ("p0", "p1")


def test_a_day_without_a_row_is_closed_as_empty() -> None:
    desk = begun()
    for day, rows in enumerate((3, 0, 4)):
        desk.say(day, partitions=1, rows=rows)
    assert desk.days() == [(0, 3), (1, 0), (2, 4)]


def test_late_rows_change_no_closed_window_and_are_counted_with_the_next() -> None:
    desk = begun()
    desk.say(0, partitions=1, rows=3)
    desk.say(0, partitions=1, rows=2, watermark=1.5)
    desk.say(1, partitions=1, rows=5)
    desk.say(2, partitions=1, rows=5)
    assert desk.days() == [(0, 3), (1, 5), (2, 5)]
    assert [w.late_rows for w in desk.windows()] == [0, 2, 0]


def test_a_row_that_is_late_for_its_partition_but_not_for_the_window_is_in_it() -> None:
    desk = begun()
    desk.say(0, partition=0, rows=3)
    desk.say(0, partition=0, rows=2)
    desk.say(0, partition=1, rows=1)
    assert desk.days() == [(0, 6)]
    assert desk.windows()[0].late_rows == 0


def test_a_silent_partition_is_waited_for_as_long_as_was_said() -> None:
    desk = begun(idle_seconds=IDLE)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE - 1)
    assert desk.days() == []
    desk.say(1, partition=0, rows=5)
    desk.wait(2)
    assert desk.days() == [(0, 3), (1, 5)]


def test_a_partition_that_speaks_again_is_waited_for_again() -> None:
    desk = begun(idle_seconds=IDLE)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    desk.say(0, partition=1, rows=2, watermark=1)
    desk.say(1, partition=0, rows=5)
    assert desk.days() == [(0, 3)], "partition 1 is at the first day's end, and not idle"
    desk.say(1, partition=1, rows=4)
    assert desk.days() == [(0, 3), (1, 9)]
    assert desk.windows()[1].late_rows == 2


@pytest.mark.guarantee(
    "input",
    fault="all partitions fall silent, and one speaks again first",
    promise="the others are waited for anew: no window closes without them",
    seen="rows of transactions.windowed",
)
@pytest.mark.parametrize("labels_speak", [False, True])
def test_after_a_time_without_a_row_every_partition_is_waited_for_anew(labels_speak: bool) -> None:
    desk = begun(idle_seconds=IDLE)
    for partition in (0, 1):
        desk.say(0, partition=partition, rows=3)
    for _ in range(3):
        desk.wait(IDLE)
        if labels_speak:
            desk.say(0, stream="labels", partitions=1, watermark=10)
    desk.say(1, partition=0, rows=5)
    desk.wait(IDLE - 1)
    assert desk.days() == [(0, 6)], "partition 1 was no more silent than partition 0"
    desk.say(1, partition=1, rows=4)
    assert desk.days() == [(0, 6), (1, 9)]


def test_labels_that_were_never_heard_of_are_waited_for_as_long() -> None:
    desk = Desk(REFERENCE, idle_seconds=IDLE)
    desk.start()
    desk.say(0, partitions=1, rows=3)
    assert desk.days() == []
    desk.wait(IDLE + 1)
    assert desk.days() == [(0, 3)]
    assert desk.windows()[0].labels_until is None


def test_where_wall_time_stands_still_everyone_is_waited_for() -> None:
    desk = begun()
    desk.say(0, partition=0, rows=3)
    desk.wait(1e6)
    assert desk.days() == []


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("polled", 0),
        ("handled", 0),
        ("handled", 3),
        ("sent", 2),
        ("committing", 0),
        ("committed", 0),
    ],
)
def test_a_crash_neither_loses_nor_doubles_a_window(moment: str, after: int) -> None:
    desk = begun()
    desk.say(0, partition=0, rows=3)
    desk.harness.add(desk.spec(), at=crash_at(moment, after=after))
    for day, partition in ((0, 1), (1, 0), (1, 1), (2, 0), (2, 1)):
        desk.say(day, partition=partition, rows=4, run=False)
    with pytest.raises(Crashed):
        desk.harness.run()
    desk.start()
    desk.harness.run()
    assert desk.days() == [(0, 7), (1, 8), (2, 8)]
    assert {w.late_rows for w in desk.windows()} == {0}


@given(st.permutations([(p, d) for p in (0, 1) for d in range(3)]))
def test_the_order_in_which_partitions_speak_changes_no_window(
    order: list[tuple[int, int]],
) -> None:
    """Each partition in its own order, as a partition is; between them in any."""
    desk = begun()
    said = {0: 0, 1: 0}
    for partition, _ in order:
        desk.say(said[partition], partition=partition, rows=10 ** said[partition])
        said[partition] += 1
    assert desk.days() == [(0, 2), (1, 20), (2, 200)]
    assert {w.late_rows for w in desk.windows()} == {0}


def test_a_verdict_names_the_window_that_it_judges_as_its_cause() -> None:
    desk = begun()
    desk.crown()
    broken = window(0, nulls=900)
    partial = TransactionsPartial(
        model=broken.model,
        window=broken.window,
        stream="scored",
        partition=0,
        partitions=1,
        watermark=broken.window.end,
        counters=broken.counters,
    )
    desk.harness.publish(partial, time=broken.window.end)
    desk.harness.run()
    (closed,) = desk.harness.events(TransactionsWindowed)
    (verdict,) = desk.verdicts()
    assert verdict.payload.cause == "quality"
    assert verdict.meta.causation_id == closed.meta.id
