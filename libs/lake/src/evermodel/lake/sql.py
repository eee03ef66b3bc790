"""DuckDB over Parquet files: one connection, paths and names quoted, times in UTC."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evermodel.common.kernel.errors import Transient

if TYPE_CHECKING:
    import duckdb


@contextmanager
def connected(*, threads: int) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Yield a connection of its own.

    Raises:
        Transient: a file is gone, or the disk does not answer.
    """
    import duckdb  # noqa: PLC0415  # 60 MB that only those pay who read

    try:
        with duckdb.connect(":memory:", config={"threads": threads}) as lake:
            lake.execute("set timezone = 'UTC'")
            yield lake
    except (duckdb.IOException, OSError) as error:
        raise Transient(f"the lake does not answer: {error}") from error


def table_of(files: Sequence[Path]) -> str:
    """Return `files` as one table: a column that some lack is null in their rows."""
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def quoted(column: str) -> str:
    """Return `column` as SQL takes any name."""
    return '"' + column.replace('"', '""') + '"'
