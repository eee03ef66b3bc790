"""Where things lie in the lake, relative to its root. Names only: no file is touched here.

::

    <model>/scored/day=2026-06-01/w=20260601T0000/p0-000000000000.parquet
    <model>/labels/day=2026-06-08/p0-000000000000.parquet
    <model>/references/<reference id>/...

Rows lie under the day their *window* starts, labels under the day they became *known*. A chunk
is a run of offsets of one partition. A file holds the rows of one window in one chunk, so the
same rows always make the same file, however they were cut into batches and however often a
crash made them be read again.
"""

from datetime import UTC, datetime, timedelta

#: Offsets in a chunk. A constant, because changing it changes which file a row lies in.
CHUNK_OFFSETS = 20_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def chunk_of(offset: int) -> int:
    """Return the first offset of the chunk that holds `offset`."""
    return offset // CHUNK_OFFSETS * CHUNK_OFFSETS


def scored_root(model: str) -> str:
    """Return the folder of all scored rows."""
    return f"{model}/scored"


def labels_root(model: str) -> str:
    """Return the folder of all labels."""
    return f"{model}/labels"


def day_folder(time: datetime) -> str:
    """Return the name of the folder of the day of `time`."""
    return f"day={time.astimezone(UTC):%Y-%m-%d}"


def scored_file(model: str, start: int, *, partition: int, chunk: int) -> str:
    """Return the file of one chunk's rows of the window that starts at `start` (microseconds)."""
    time = _moment(start)
    window = f"{scored_root(model)}/{day_folder(time)}/w={time:%Y%m%dT%H%M}"
    return f"{window}/{_chunk_file(partition, chunk)}"


def labels_file(model: str, at: int, *, partition: int, chunk: int) -> str:
    """Return the file of one chunk's labels that became known on the day of `at` (microseconds)."""
    return f"{labels_root(model)}/{day_folder(_moment(at))}/{_chunk_file(partition, chunk)}"


def reference_folder(model: str, reference_id: str) -> str:
    """Return the folder of a reference."""
    return f"{model}/references/{reference_id}"


def _chunk_file(partition: int, chunk: int) -> str:
    return f"p{partition}-{chunk:012d}.parquet"


def _moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
