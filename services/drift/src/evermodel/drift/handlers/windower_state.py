"""The keys and small values of the windower's changelog."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from evermodel.drift.domain.progress import Progress


@dataclass(slots=True)
class Position:
    """Where one partition is: the next offset to count, and each model's progress.

    `refused`: offsets of the current chunk that were given up, so that they stay out of the lake
    when the chunk is read again.
    """

    next_offset: int = 0
    progress: dict[str, Progress] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def encode(self) -> bytes:
        """Return the value to keep."""
        marks = {model: [p.watermark, p.closed] for model, p in sorted(self.progress.items())}
        content = {"next": self.next_offset, "progress": marks, "refused": sorted(self.refused)}
        return json.dumps(content).encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Position":
        """Return what was kept."""
        content = json.loads(raw)
        progress = {model: Progress(*marks) for model, marks in content["progress"].items()}
        return cls(content["next"], progress, set(content.get("refused", ())))


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
