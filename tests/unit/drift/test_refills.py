"""A partition that is read again refills its files; none comes out with fewer rows than it had.

chunk   ├──────────┬────────────┬─────▶
        0       retention    committed
        └ removed ─┘└─ refilled ─┘└ counted
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.hot import ScoredRow, encode_scored
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.testing.harness import Harness
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.handlers.windower import Windower
from evermodel.drift.wiring import assemble_windower
from evermodel.lake.layout import CHUNK_OFFSETS
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    FakeLake,
    FakeReferences,
    described,
    label,
    made_windower,
    scored,
    watermark,
)

HOUR = timedelta(hours=1)


Make = Callable[[int, datetime], Record]


def taken_over(lake: FakeLake, state: Mapping[str, bytes | None], at: TopicPartition) -> Windower:
    """Return the next owner of a partition that was committed up to what `state` says."""
    target = made_windower(lake)
    target.on_restored(at, {k: v for k, v in state.items() if v is not None}, None)
    return target


def two_days(records: Sequence[Record]) -> list[Record]:
    """`records` of the first day, a watermark that writes them, and one row of each day more."""
    count, topic = len(records), records[0].topic
    made: Make = label_at if topic == "labels" else scored
    return [
        *records,
        watermark(topic, count, MONDAY + DAY),
        made(count + 1, MONDAY + 5 * HOUR),
        made(count + 2, MONDAY + DAY),
        watermark(topic, count + 3, MONDAY + 2 * DAY),
    ]


def label_at(offset: int, known_at: datetime) -> Record:
    return label(offset, f"0-{offset}", known_at)


@given(st.sampled_from([scored, label_at]), st.integers(1, 14), st.integers(0, 13))
def test_no_file_loses_a_row_wherever_retention_and_a_crash_cut_the_chunk(
    make: Make, crash: int, kept_from: int
) -> None:
    records = two_days([make(n, MONDAY + n * HOUR) for n in range(10)])
    at, lake = TopicPartition(records[0].topic, 0), FakeLake()
    state = made_windower(lake).on_records(records[:crash]).state
    before = {path: set(ids) for path, ids in lake.files.items()}
    after = taken_over(lake, state, at)
    for found in ([r for r in records[:crash] if r.offset >= kept_from], records[crash:]):
        if found:
            after.on_records(found)
    after.on_records([make(CHUNK_OFFSETS, MONDAY + 2 * DAY)])
    for path, ids in before.items():
        assert ids <= set(lake.files[path])
    assert len(lake.ids()) == len(set(lake.ids()))


@given(st.integers(0, 14))
def test_a_hole_that_retention_makes_while_the_chunk_is_refilled_loses_no_row(hole: int) -> None:
    records = two_days([scored(n, MONDAY + n * HOUR) for n in range(10)])
    at, lake = TopicPartition("transactions.scored", 0), FakeLake()
    state = made_windower(lake).on_records(records).state
    before = {path: sorted(ids) for path, ids in lake.files.items()}
    after = taken_over(lake, state, at)
    after.on_records([r for r in records if not hole <= r.offset < hole + 4] or records)
    after.on_records([scored(CHUNK_OFFSETS, MONDAY + 2 * DAY)])
    assert {path: sorted(ids) for path, ids in lake.files.items() if path in before} == before


def over(harness: Harness, lake: FakeLake) -> ServiceSpec:
    return assemble_windower(
        models={"fraud": described()},
        references=FakeReferences(),
        lake=lake,
        codec=MsgpackTallies(),
        partitions=harness.broker.partitions,
    )


def sent(number: int, time: datetime) -> Outgoing:
    row = ScoredRow(
        model="fraud",
        id=str(number),
        entity="card",
        time=time,
        features={"amount": 10.0, "shop": "a", "night": 0},
    )
    return Outgoing(topic="transactions.scored", key=b"k", value=encode_scored(row), partition=0)


def test_a_late_row_after_a_restart_joins_those_that_the_broker_no_longer_has() -> None:
    harness, lake = Harness(partitions=1), FakeLake()
    harness.add(over(harness, lake))
    harness.publish_records([sent(n, MONDAY + n * HOUR) for n in range(10)])
    harness.publish_records([sent(10, MONDAY + DAY)])
    harness.publish_records([sent(11, MONDAY + 3 * DAY)])
    harness.run()
    harness.broker.trim("transactions.scored")
    harness.add(over(harness, lake))
    harness.publish_records([sent(12, MONDAY + HOUR)])
    harness.run()
    monday = max(lake.files.values(), key=len)
    assert sorted(monday, key=int) == [*map(str, range(10)), "12"]


def test_a_chunk_that_a_marker_follows_is_refilled_though_the_commit_lies_in_the_next() -> None:
    """The chunk is written when a row of the next one comes, and that one has not come yet."""
    lake, at = FakeLake(), TopicPartition("transactions.scored", 0)
    last = CHUNK_OFFSETS - 1
    state = made_windower(lake).on_records([scored(last, MONDAY + HOUR)]).state
    kept = {key: value for key, value in state.items() if value is not None}
    after = made_windower(lake)
    assert after.on_restored(at, kept, last + 2).rewind_to == 0, "past the marker at its end"
    after.on_records([scored(last, MONDAY + HOUR)])
    after.on_records([scored(last + 2, MONDAY + HOUR)])
    assert lake.ids() == [f"0-{last}"]
