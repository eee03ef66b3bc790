"""A writer of the lake that stood still while another took its partitions over, and wakes up."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.ports import Packed
from evermodel.lake.files import every_file

PATH = "m/scored/day=2026-06-01/w=20260601T0000/p0-000000000000.parquet"
HALF = 10_000


@pytest.mark.guarantee(
    "outside",
    fault="a windower stands still in the middle of a file of the lake, longer than its session, "
    "and wakes when another has taken over and written that file",
    promise="the file stays as the other wrote it; the one that woke writes into nothing",
    seen="drift-windower logs 'the lake does not take …: No such file or directory', then that "
    "another took its place",
)
def test_one_that_wakes_up_does_not_spoil_what_its_successor_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pa.table({"x": np.random.default_rng(0).random(2 * HALF)})
    more = pa.concat_tables([rows, rows.slice(0, 10)])
    write = pq.write_table

    def stands_still(table: pa.Table, draft: Path, **_: object) -> None:
        monkeypatch.setattr(pq, "write_table", write)
        with pq.ParquetWriter(draft, table.schema, compression="zstd") as writer:
            writer.write_table(table.slice(0, HALF))
            ParquetLake(tmp_path).write(PATH, [Packed(more)])
            writer.write_table(table.slice(HALF))

    monkeypatch.setattr(pq, "write_table", stands_still)
    with pytest.raises(Transient, match="the lake does not take"):
        ParquetLake(tmp_path).write(PATH, [Packed(rows)])
    assert every_file(tmp_path) == [tmp_path / PATH]
    assert pq.read_table(tmp_path / PATH, partitioning=None).equals(more)
