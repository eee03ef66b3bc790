"""A partition given away in good order is not read again; one that a crash took is, from there on.

Whoever has it, however often it changes hands and in whatever way: the lake ends up with each row
once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.drift.handlers.windower import Windower
from evermodel.drift.handlers.windower_state import Position, position_key
from evermodel.lake.layout import CHUNK_OFFSETS
from tests.unit.drift.bench import DAY, MONDAY, FakeLake, label, made_windower, scored

Make = Callable[[int, datetime], Record]
MINUTE = timedelta(minutes=1)


def labelled(offset: int, known_at: datetime) -> Record:
    return label(offset, f"0-{offset}", known_at)


class Partition:
    """One partition of rows a minute apart, and what was committed of it."""

    def __init__(self, make: Make, *, rows: int) -> None:
        self.records = [make(n, MONDAY + n * MINUTE) for n in range(rows)]
        self.records.append(make(rows, MONDAY + 3 * DAY))
        self.at = TopicPartition(self.records[0].topic, 0)
        self.lake = FakeLake()
        self.kept: dict[str, bytes] = {}
        self.committed: int | None = None
        self.read: list[int] = []

    def owner(self) -> Windower:
        """Return who takes it over now, and what offset that begins at."""
        windower = made_windower(self.lake)
        rewind = windower.on_restored(self.at, dict(self.kept), self.committed).rewind_to
        starts = [offset for offset in (rewind, self.committed) if offset is not None]
        self.read.append(min(starts, default=0))
        return windower

    def take(self, windower: Windower, *, until: int) -> None:
        """Let the owner take what lies before `until`, in batches, each committed."""
        for start in range(self.read[-1], until, 5):
            records = self.records[start : min(start + 5, until)]
            self.keep(windower.on_records(records).state, offset=records[-1].offset + 1)

    def keep(self, state: Mapping[str, bytes | None], *, offset: int) -> None:
        """Commit, unless those records were committed before."""
        if offset > (self.committed or 0):
            self._keep(state)
            self.committed = offset

    def give_away(self, windower: Windower) -> None:
        self._keep(windower.on_handover(self.at).state)

    def _keep(self, state: Mapping[str, bytes | None]) -> None:
        both = {**self.kept, **state}
        self.kept = {key: value for key, value in both.items() if value is not None}

    def ids(self) -> list[str]:
        return self.lake.ids()


def whole(partition: Partition) -> list[str]:
    return sorted(f"0-{record.offset}" for record in partition.records)


@pytest.mark.parametrize("make", [scored, labelled])
def test_the_next_owner_reads_nothing_again(make: Make) -> None:
    partition = Partition(make, rows=40)
    first = partition.owner()
    partition.take(first, until=17)
    partition.give_away(first)
    assert len(partition.ids()) == 17, "nothing of it is left unwritten"
    second = partition.owner()
    assert partition.read[-1] == 17
    partition.take(second, until=41)
    partition.give_away(second)
    assert partition.ids() == whole(partition)


@pytest.mark.parametrize("make", [scored, labelled])
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=6))
def test_each_row_is_in_the_lake_once_whoever_had_it_and_however_it_was_left(
    make: Make, owners: list[tuple[int, bool]]
) -> None:
    partition = Partition(make, rows=40)
    for until, in_good_order in owners:
        owner = partition.owner()
        partition.take(owner, until=until)
        if in_good_order:
            partition.give_away(owner)
    last = partition.owner()
    partition.take(last, until=41)
    partition.give_away(last)
    assert partition.ids() == whole(partition)


def test_who_is_interrupted_while_it_reads_again_says_only_how_far_it_came() -> None:
    partition = Partition(scored, rows=40)
    crashed = partition.owner()
    partition.take(crashed, until=30)
    interrupted = partition.owner()
    assert partition.read[-1] == 0
    partition.take(interrupted, until=10)
    partition.give_away(interrupted)
    position = Position.restored(partition.kept[position_key(partition.at.topic, 0)], committed=30)
    assert (position.next_offset, position.written) == (30, 10)
    partition.owner()
    assert partition.read[-1] == 10


def test_what_could_not_be_written_is_read_again() -> None:
    partition = Partition(scored, rows=40)
    owner = partition.owner()
    partition.take(owner, until=17)

    def refuse(*_: object, **__: object) -> None:
        raise Transient("the lake is away")

    partition.lake.write = refuse  # type: ignore[method-assign]
    with pytest.raises(Transient):
        partition.give_away(owner)
    partition.owner()
    assert partition.read[-1] == 0


@pytest.mark.parametrize("make", [scored, labelled])
def test_an_interrupted_owner_leaves_the_chunk_that_it_was_reading(make: Make) -> None:
    """Committed past a marker, in the next chunk, of which no row has come."""
    lake, last = FakeLake(), CHUNK_OFFSETS - 1
    records = [make(n, MONDAY + MINUTE) for n in range(last - 2, last + 1)]
    at = TopicPartition(records[0].topic, 0)
    kept = dict(made_windower(lake).on_records(records).state)
    interrupted = made_windower(lake)
    interrupted.on_restored(at, {k: v for k, v in kept.items() if v is not None}, last + 2)
    interrupted.on_records(records[:1])
    kept |= interrupted.on_handover(at).state
    after = made_windower(lake)
    begins = after.on_restored(at, {k: v for k, v in kept.items() if v is not None}, last + 2)
    assert begins.rewind_to == records[1].offset
    after.on_records(records[1:])
    after.on_handover(at)
    assert lake.ids() == sorted(f"0-{record.offset}" for record in records)
