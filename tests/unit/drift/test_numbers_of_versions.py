"""What names a version is a number the lake and every event can hold, spelt in one way."""

import pytest

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.records import Record
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    made_windower,
    scored,
    watermark,
)

#: The last is three in Arabic-Indic digits, which Python's int() reads too.
NO_VERSIONS = ["0", "00", "01", "", "-1", "+1", "1_0", " 1", "1\n", "²", "\u0663"]


def rows_naming(version: str) -> list[Record]:
    return [
        scored(0, MONDAY, scores={version: 0.5}, alerts={}),
        scored(1, MONDAY, scores={version: 0.5}, alerts={version: False}),
        scored(2, MONDAY, failed=(version,)),
    ]


@pytest.mark.parametrize("version", NO_VERSIONS)
def test_a_version_spelt_otherwise_is_a_dead_letter_and_its_partition_goes_on(
    version: str,
) -> None:
    target = made_windower()
    records = [*rows_naming(version), scored(3, MONDAY)]
    reaction = target.on_records(records)
    assert [r.record for r in reaction.rejected] == records[:3]
    for rejected in reaction.rejected:
        assert isinstance(rejected.error, Poison)
        assert "not the number of a version" in str(rejected.error)
    closed = target.on_records([watermark("transactions.scored", 4, MONDAY + DAY)])
    (partial,) = [e.payload for e in closed.events if isinstance(e.payload, TransactionsPartial)]
    assert partial.counters is not None
    assert partial.counters.rows == 1


@pytest.mark.parametrize("version", ["1", "10", str(2**31 - 1)])
def test_every_number_that_a_registry_gives_is_a_version(version: str) -> None:
    assert not made_windower().on_records(rows_naming(version)).rejected
