"""The lake that the windower writes, and the fake of it: what becomes of a file's earlier rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow.parquet as pq
import pytest

from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.domain.rows import Rows
from evermodel.drift.ports import RowLake
from evermodel.lake.columns import ID
from tests.unit.drift.bench import FakeLake

PATH = "fraud/scored/a.parquet"


class Shelf(Protocol):
    """A lake, and a look into its file."""

    lake: RowLake

    def ids(self) -> Sequence[str]: ...


class OnDisk:
    def __init__(self, root: Path) -> None:
        self.lake: RowLake = ParquetLake(root)
        self._file = root / PATH

    def ids(self) -> Sequence[str]:
        return list(pq.ParquetFile(self._file).read()[ID].to_pylist())


class InMemory:
    def __init__(self) -> None:
        self._fake = FakeLake()
        self.lake: RowLake = self._fake

    def ids(self) -> Sequence[str]:
        return self._fake.files[PATH]


@pytest.fixture(params=["disk", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return OnDisk(tmp_path) if request.param == "disk" else InMemory()


def rows(*ids: str) -> Rows:
    count = len(ids)
    return Rows(
        offsets=np.arange(count),
        times=np.zeros(count, dtype=np.int64),
        ids=ids,
        entities=["e"] * count,
        features={},
        scores={},
        alerts={},
        failed=[()] * count,
        decided_by=[None] * count,
        decisions=["unscored"] * count,
        propensities=[1.0] * count,
        references=[None] * count,
    )


def write(shelf: Shelf, *parts: Sequence[str], keep: bool = False) -> Sequence[str]:
    shelf.lake.write(PATH, [shelf.lake.pack_rows(rows(*part)) for part in parts], keep=keep)
    return shelf.ids()


def test_parts_lie_in_their_file_one_after_the_other(shelf: Shelf) -> None:
    assert write(shelf, "ba", "c") == ["b", "a", "c"]


def test_a_file_is_replaced(shelf: Shelf) -> None:
    write(shelf, "ab")
    assert write(shelf, "bc") == ["b", "c"]


def test_a_file_that_is_kept_keeps_what_is_not_among_the_parts(shelf: Shelf) -> None:
    write(shelf, "abc")
    assert write(shelf, "b", "d", keep=True) == ["a", "c", "b", "d"]
    assert write(shelf, "b", "d", keep=True) == ["a", "c", "b", "d"]


@pytest.mark.guarantee(
    "outside",
    fault="a windower stands still just before it writes a file of the lake, and wakes when "
    "another has taken over and written more to it",
    promise="the file loses no row of what the other wrote, and gets none twice",
    seen="drift-windower: another process took this one's place, or a transaction undone",
)
def test_a_file_that_holds_more_loses_nothing(shelf: Shelf) -> None:
    write(shelf, "abc")
    assert write(shelf, "ab") == ["c", "a", "b"]
    assert write(shelf, "abcd") == ["a", "b", "c", "d"]


def test_a_row_that_came_twice_stays_twice(shelf: Shelf) -> None:
    write(shelf, "aab")
    assert write(shelf, "ab", keep=True) == ["a", "a", "b"]
    assert write(shelf, "aaab", keep=True) == ["a", "a", "a", "b"]


def test_where_there_is_no_file_there_is_nothing_to_keep(shelf: Shelf) -> None:
    assert write(shelf, "ab", keep=True) == ["a", "b"]
