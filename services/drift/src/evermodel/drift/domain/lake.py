"""Where things lie in the lake, relative to its root. Names only: no file is touched here.

A chunk is a run of offsets of one partition. A file holds the rows of one window in one chunk,
so the same rows always make the same file, however they were cut into batches and however often
a crash made them be read again.
"""

from evermodel.drift.domain.grid import moment

#: Offsets in a chunk. A constant, because changing it changes which file a row lies in.
CHUNK_OFFSETS = 20_000


def chunk_of(offset: int) -> int:
    """Return the first offset of the chunk that holds `offset`."""
    return offset // CHUNK_OFFSETS * CHUNK_OFFSETS


def scored_folder(model: str, start: int) -> str:
    """Return the folder of the window that starts at `start` (microseconds)."""
    time = moment(start)
    return f"{model}/scored/day={time:%Y-%m-%d}/w={time:%Y%m%dT%H%M}"


def scored_file(model: str, start: int, *, partition: int, chunk: int) -> str:
    """Return the file of one window's rows in one chunk."""
    return f"{scored_folder(model, start)}/p{partition}-{chunk:012d}.parquet"


def labels_folder(model: str, at: int) -> str:
    """Return the folder of the labels known on the day of `at` (microseconds)."""
    return f"{model}/labels/day={moment(at):%Y-%m-%d}"


def labels_file(model: str, at: int, *, partition: int, chunk: int) -> str:
    """Return the file of one day's labels in one chunk."""
    return f"{labels_folder(model, at)}/p{partition}-{chunk:012d}.parquet"


def reference_folder(model: str, reference_id: str) -> str:
    """Return the folder of a reference."""
    return f"{model}/references/{reference_id}"
