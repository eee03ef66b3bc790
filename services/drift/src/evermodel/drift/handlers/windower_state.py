"""The keys and small values of the windower's changelog."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.records import Record
from evermodel.drift.domain.progress import Progress
from evermodel.lake.layout import chunk_of


@dataclass(slots=True)
class Position:
    """Where one partition is: the next offset to count, and each model's progress.

    `lengths`: by model how long the windows are that were counted, in microseconds. `refused`:
    offsets of the current chunk that were given up, so that they stay out of the lake
    when the chunk is read again. `written`: what lies below it is in the lake, if it is a row.
    `chunk`: that of the last row that was taken; those before it are in the lake whole.
    `reached`: the next offset to be read, which lies behind `next_offset` while rows are read again
    for the lake. It is not kept.
    """

    next_offset: int = 0
    progress: dict[str, Progress] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    lengths: dict[str, int] = field(default_factory=dict)
    written: int = 0
    chunk: int = 0
    reached: int = 0

    @classmethod
    def restored(cls, raw: bytes | None, *, committed: int) -> "Position":
        """Return what was kept; what lies below `committed` is dealt with, kept or given up.

        Only a row completes the chunk before its own: `committed`, and `next_offset` after it, may
        lie past that without one.
        """
        position = cls(chunk=_chunk_before(committed)) if raw is None else cls.decode(raw)
        position.next_offset = max(position.next_offset, committed)
        position.reached = max(position.chunk, position.written) if position.next_offset else 0
        return position

    @property
    def begins(self) -> int | None:
        """From where to read on after it was taken over, if anything was read before."""
        return self.reached if self.next_offset else None

    def passed(self, records: Sequence[Record], rejected: Sequence[Rejected]) -> list[Rejected]:
        """Go past `records`, and return those of `rejected` that were not rejected before."""
        new = [each for each in rejected if each.record.offset >= self.next_offset]
        self.reached = records[-1].offset + 1
        self.next_offset = max(self.next_offset, self.reached)
        return new

    def encode(self) -> bytes:
        """Return the value to keep."""
        marks = {model: _marks(progress) for model, progress in sorted(self.progress.items())}
        content = {
            "next": self.next_offset,
            "progress": marks,
            "refused": sorted(self.refused),
            "lengths": dict(sorted(self.lengths.items())),
            "written": self.written,
            "chunk": self.chunk,
        }
        return json.dumps(content).encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Position":
        """Return what was kept."""
        content = json.loads(raw)
        progress = {model: Progress(*marks) for model, marks in content["progress"].items()}
        refused = set(content.get("refused", ()))
        following = content["next"]
        return cls(
            following,
            progress,
            refused,
            content.get("lengths", {}),
            content.get("written", 0),
            content.get("chunk", _chunk_before(following)),
        )


def _chunk_before(offset: int) -> int:
    return chunk_of(max(offset - 1, 0))


def _marks(progress: Progress) -> list[int | bool | None]:
    known: list[int | bool | None] = [progress.watermark, progress.closed]
    return [*known, progress.alone, progress.rival] if progress.alone else known


def position_key(topic: str, partition: int) -> str:
    """Return the key of a partition's position."""
    return f"{topic}|{partition}|position"


def window_key(topic: str, partition: int, model: str, start: int) -> str:
    """Return the key of an open window's tally."""
    return f"{topic}|{partition}|window|{model}|{start}"


def open_windows(
    state: Mapping[str, bytes], topic: str, partition: int
) -> dict[tuple[str, int], bytes]:
    """Return the kept tallies of a partition by model and window start."""
    prefix = f"{topic}|{partition}|window|"
    found = {}
    for key, value in state.items():
        if key.startswith(prefix):
            model, start = key.removeprefix(prefix).rsplit("|", 1)
            found[model, int(start)] = value
    return found
