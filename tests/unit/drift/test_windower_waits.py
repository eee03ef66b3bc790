"""A batch that has to wait is counted once all the same, and nothing is waited for for ever."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.testing.harness import Harness
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.ports import Packed, References
from evermodel.drift.wiring import assemble_windower
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    FakeLake,
    FakeReferences,
    described,
    label,
    referenced,
    scored,
    watermark,
)

REFERENCE = referenced()
KNOWN = FakeReferences({REFERENCE.reference_id: REFERENCE})


@dataclass
class FailingLake(FakeLake):
    """A lake that does not answer to the writes named by number."""

    failing: set[int] = field(default_factory=set)
    tried: int = 0

    def write(self, path: str, parts: Sequence[Packed], *, keep: bool = False) -> None:
        self.tried += 1
        if self.tried in self.failing:
            raise Transient("the disk is full")
        super().write(path, parts, keep=keep)


@dataclass
class LateReferences(FakeReferences):
    """References that come after some tries."""

    tries: int = 0

    def get(self, model: str, reference_id: str) -> Reference:
        self.tries -= 1
        if self.tries >= 0:
            raise Transient("it is not there")
        return super().get(model, reference_id)


def windower(references: References, lake: FakeLake) -> Harness:
    """Return a windower on the real loop."""
    harness = Harness(partitions=1)
    harness.add(
        assemble_windower(
            models={"fraud": described()},
            references=references,
            lake=lake,
            codec=MsgpackTallies(),
            partitions=harness.broker.partitions,
        )
    )
    return harness


def marks(record: Record) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value or b"") for name, value in record.headers)


def told(harness: Harness, *batches: Sequence[Record]) -> list[TransactionsPartial]:
    """Return what is said in the end of `batches`, one published after the other."""
    for batch in batches:
        harness.publish_records(
            [
                Outgoing(topic=r.topic, key=r.key, value=r.value, headers=marks(r), partition=0)
                for r in batch
            ]
        )
        harness.run()
    assert harness.dead_letters("drift") == []
    return [event.payload for event in harness.events(TransactionsPartial)]


def three_days() -> list[Record]:
    """Two rows a day; the second day's name the reference; then the watermark."""
    rows = [
        scored(
            n,
            MONDAY + timedelta(hours=12 * n),
            reference=REFERENCE.reference_id if n in (2, 3) else None,
        )
        for n in range(6)
    ]
    return [*rows, watermark("transactions.scored", 6, MONDAY + 3 * DAY)]


def rows_of(partials: Sequence[TransactionsPartial]) -> list[int]:
    return [p.counters.rows for p in partials if p.counters]


CUTS = [[7], [5, 2], [1, 5, 1], [3, 3, 1]]


def cut(records: list[Record], sizes: list[int]) -> list[list[Record]]:
    return [records[sum(sizes[:n]) :][:size] for n, size in enumerate(sizes)]


@pytest.mark.parametrize("sizes", CUTS)
@pytest.mark.parametrize("tries", [1, 3])
def test_rows_that_waited_for_their_reference_are_counted_and_kept_once(
    tries: int, sizes: list[int]
) -> None:
    lake, references = FakeLake(), LateReferences(KNOWN.known, tries)
    said = told(windower(references, lake), *cut(three_days(), sizes))
    assert rows_of(said) == [2, 2, 2]
    assert lake.ids() == [f"0-{n}" for n in range(6)]


def test_rows_whose_reference_never_comes_are_counted_without_it(tmp_path: Path) -> None:
    lake = FakeLake()
    said = told(windower(LakeReferences(tmp_path, tries=2), lake), three_days())
    assert rows_of(said) == [2, 2, 2]
    second = said[1].counters
    assert second is not None
    (counts,) = second.references
    assert (counts.reference_id, counts.rows) == (REFERENCE.reference_id, 2)
    assert not counts.continuous
    assert not counts.categorical
    assert lake.ids() == [f"0-{n}" for n in range(6)]


@pytest.mark.parametrize("sizes", CUTS)
@pytest.mark.parametrize("failing", [{1}, {2}, {3}, {1, 2, 3}, {2, 4}])
def test_rows_that_waited_for_the_lake_are_counted_and_kept_once(
    failing: set[int], sizes: list[int]
) -> None:
    lake = FailingLake(failing=failing)
    said = told(windower(KNOWN, lake), *cut(three_days(), sizes))
    assert rows_of(said) == [2, 2, 2]
    assert lake.ids() == [f"0-{n}" for n in range(6)]


def test_labels_that_waited_for_the_lake_are_kept_once() -> None:
    lake = FailingLake(failing={2})
    records = [
        label(0, "a", MONDAY),
        label(1, "b", MONDAY + DAY),
        watermark("labels", 2, MONDAY + 2 * DAY),
    ]
    said = told(windower(FakeReferences(), lake), records)
    assert [p.window.start for p in said] == [MONDAY, MONDAY + DAY]
    assert lake.ids() == ["a", "b"]
