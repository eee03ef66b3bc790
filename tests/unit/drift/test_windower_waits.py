"""A batch that has to wait is counted once all the same, and nothing is waited for for ever."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import Reaction
from evermodel.common.messaging.records import Record
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.handlers.windower import Windower
from evermodel.drift.ports import References
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
from tests.unit.drift.test_windower import partials

REFERENCE = referenced()


@dataclass
class FailingLake(FakeLake):
    """A lake that does not answer to the writes named by number."""

    failing: set[int] = field(default_factory=set)
    tried: int = 0

    def write(self, path: str, parts: object) -> None:
        self.tried += 1
        if self.tried in self.failing:
            raise Transient("the disk is full")
        super().write(path, parts)  # type: ignore[arg-type]  # as it came


def windower(references: References, lake: FakeLake) -> Windower:
    return Windower(
        models={"fraud": described()},
        references=references,
        lake=lake,
        codec=MsgpackTallies(),
        partitions=lambda _topic: 1,
    )


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


def rows_of(reaction: Reaction) -> list[int]:
    return [p.counters.rows for p in partials(reaction) if p.counters]


def test_rows_that_waited_for_their_reference_are_counted_and_kept_once() -> None:
    lake, references = FakeLake(), FakeReferences()
    target = windower(references, lake)
    for _ in range(3):
        with pytest.raises(Transient):
            target.on_records(three_days())
    references.known = {REFERENCE.reference_id: REFERENCE}
    assert rows_of(target.on_records(three_days())) == [2, 2, 2]
    assert lake.ids() == [f"0-{n}" for n in range(6)]


def test_rows_whose_reference_never_comes_are_counted_without_it(tmp_path: Path) -> None:
    lake = FakeLake()
    target = windower(LakeReferences(tmp_path, tries=2), lake)
    for _ in range(2):
        with pytest.raises(Transient):
            target.on_records(three_days())
    reaction = target.on_records(three_days())
    assert rows_of(reaction) == [2, 2, 2]
    assert reaction.rejected == []
    second = partials(reaction)[1].counters
    assert second is not None
    (counts,) = second.references
    assert (counts.reference_id, counts.rows) == (REFERENCE.reference_id, 2)
    assert not counts.continuous
    assert not counts.categorical
    assert lake.ids() == [f"0-{n}" for n in range(6)]


@pytest.mark.parametrize("failing", [{1}, {2}, {3}, {1, 2, 3}, {2, 4}])
def test_rows_that_waited_for_the_lake_are_counted_and_kept_once(failing: set[int]) -> None:
    lake = FailingLake(failing=failing)
    target = windower(FakeReferences({REFERENCE.reference_id: REFERENCE}), lake)
    for _ in failing:
        with pytest.raises(Transient):
            target.on_records(three_days())
    assert rows_of(target.on_records(three_days())) == [2, 2, 2]
    assert lake.ids() == [f"0-{n}" for n in range(6)]


def test_labels_that_waited_for_the_lake_are_kept_once() -> None:
    lake = FailingLake(failing={2})
    target = windower(FakeReferences(), lake)
    records = [
        label(0, "a", MONDAY),
        label(1, "b", MONDAY + DAY),
        watermark("labels", 2, MONDAY + 2 * DAY),
    ]
    with pytest.raises(Transient):
        target.on_records(records)
    said = partials(target.on_records(records))
    assert [p.window.start for p in said] == [MONDAY, MONDAY + DAY]
    assert lake.ids() == ["a", "b"]
