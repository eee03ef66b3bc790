"""Packed rows that wait for their file, by file. A file may be written again with more rows.

Owns what is not written yet. Must never hold more than the rows of one chunk, nor replace what an
earlier owner wrote by less: the first chunk is read from its start again, but retention may have
removed any part of that by then.
"""

from collections.abc import Callable

from evermodel.drift.ports import Packed, RowLake


class LakeBuffer:
    """The files of one partition's current chunk, some of them newer here than in the lake."""

    def __init__(self, lake: RowLake) -> None:
        self._lake = lake
        self._parts: dict[str, list[Packed]] = {}
        self._unwritten: set[str] = set()
        self._taken_over = True

    def add(self, path: str, part: Packed) -> None:
        """Keep `part` for the file at `path`."""
        self._parts.setdefault(path, []).append(part)
        self._unwritten.add(path)

    def flush(self, wanted: Callable[[str], bool] = lambda _: True) -> None:
        """Write the files that are wanted and not up to date, in order of their names."""
        for path in sorted(self._unwritten):
            if wanted(path):
                self._lake.write(path, self._parts[path], keep=self._taken_over)
                self._unwritten.discard(path)

    def clear(self) -> None:
        """Write what is not written and forget everything: the chunk is complete."""
        self.flush()
        if self._parts:
            self._taken_over = False
        self._parts.clear()
