"""DuckDB over Parquet files: paths and names quoted, times in UTC, and what goes wrong named.

Owns the one database of the process, which holds nothing: to open one takes many times as long as
to read a window. It is opened anew now and then, for it keeps 16 KB of its own of every join. Must
never keep what it read: the lake's files change.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from evermodel.common.kernel.errors import Permanent, Transient

if TYPE_CHECKING:
    import duckdb

#: Connections to one database: what it keeps of them, 3 MB by then, goes with it.
RENEWED_AFTER = 200
_CONNECTIONS = count(1)


@contextmanager
def connected(files: Sequence[Path], *, threads: int) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Yield a connection of its own to read `files` with.

    Raises:
        Transient: a file is gone, or the disk does not answer.
        Permanent: one is no sound Parquet file; the message says which.
    """
    import duckdb  # noqa: PLC0415  # 60 MB that only those pay who read

    if next(_CONNECTIONS) % RENEWED_AFTER == 0:
        _database.cache_clear()  # who still reads from the last one keeps it until then
    try:
        with _database(threads).cursor() as lake:
            lake.execute("set timezone = 'UTC'")
            yield lake
    except (duckdb.IOException, OSError) as error:
        raise Transient(f"the lake does not answer: {error}") from error
    except duckdb.Error as error:
        _database.cache_clear()  # DuckDB may refuse a database that something broke in
        for file in files:
            why = _misread(file)
            if why is not None:
                raise Permanent(
                    f"{file} is no sound Parquet file ({why}): what its rows belong to cannot be "
                    "counted until it is put back or taken away"
                ) from error
        raise


@cache
def _database(threads: int) -> "duckdb.DuckDBPyConnection":
    import duckdb  # noqa: PLC0415  # as above

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "enable_external_file_cache": False,
    }
    return duckdb.connect(":memory:", config=settings)


def _misread(file: Path) -> str | None:
    """Return what is wrong with `file`, or None when all of it can be read."""
    import duckdb  # noqa: PLC0415  # as above

    try:
        with _database(1).cursor() as lake:
            lake.execute(f"select * from {table_of([file])}").fetchnumpy()  # noqa: S608  # quoted
    except duckdb.Error as error:
        _database.cache_clear()
        return str(error).splitlines()[0]
    return None


def table_of(files: Sequence[Path]) -> str:
    """Return `files` as one table: a column that some lack is null in their rows."""
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def quoted(column: str) -> str:
    """Return `column` as SQL takes any name."""
    return '"' + column.replace('"', '""') + '"'
