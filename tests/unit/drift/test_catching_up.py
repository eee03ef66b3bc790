"""A backlog of many windows, read in whatever pieces: each window closes with all of its rows."""

import json
from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from evermodel.common.messaging.records import Outgoing
from tests.faults.input.windowing import ROW, Windowing
from tests.unit.drift.bench import DAY, MONDAY

PARTITIONS, DAYS = 4, 6
ROWS_A_DAY = 3  # of each partition


def payments(partition: int) -> list[Outgoing]:
    """Return a partition's payments in order of time."""
    times = [
        MONDAY + day * DAY + timedelta(hours=7 * number)
        for day in range(DAYS)
        for number in range(ROWS_A_DAY)
    ]
    return [
        Outgoing(
            topic="transactions.scored",
            key=b"card",
            value=json.dumps(
                {**ROW, "id": f"{partition}-{number}", "time": time.isoformat()}
            ).encode(),
            partition=partition,
        )
        for number, time in enumerate(times)
    ]


def begun() -> Windowing:
    """Return a windower and a detector to whom all labels are known: nothing else is waited for."""
    windowing = Windowing(partitions=PARTITIONS)
    for partition in range(PARTITIONS):
        windowing.mark((MONDAY + DAYS * DAY).isoformat(), topic="labels", partition=partition)
    return windowing


def closed(windowing: Windowing) -> dict[str, int]:
    for partition in range(PARTITIONS):
        windowing.mark((MONDAY + DAYS * DAY).isoformat(), partition=partition)
    assert windowing.letters() == []
    return windowing.counted()


EVERY = {f"{MONDAY + day * DAY:%Y-%m-%d}": PARTITIONS * ROWS_A_DAY for day in range(DAYS)}


def test_partitions_that_catch_up_one_after_the_other_lose_no_row_to_their_windows() -> None:
    windowing = begun()
    for partition in range(PARTITIONS):  # the last one gives out all its windows at once
        windowing.harness.publish_records(payments(partition))
        windowing.harness.run()
    assert closed(windowing) == EVERY
    assert windowing.late() == 0


@settings(deadline=None, max_examples=40)
@given(order=st.permutations([p for p in range(PARTITIONS) for _ in range(4)]), data=st.data())
def test_however_the_streams_are_cut_each_window_has_all_of_its_rows(
    order: list[int], data: st.DataObject
) -> None:
    windowing = begun()
    waiting = {partition: payments(partition) for partition in range(PARTITIONS)}
    turns = Counter(order)
    for partition in order:
        turns[partition] -= 1
        left = waiting[partition]
        size = data.draw(st.integers(0, len(left))) if turns[partition] else len(left)
        windowing.harness.publish_records(left[:size])
        waiting[partition] = left[size:]
        if data.draw(st.booleans()):
            windowing.harness.run()
    windowing.harness.run()
    assert closed(windowing) == EVERY
    assert windowing.late() == 0
