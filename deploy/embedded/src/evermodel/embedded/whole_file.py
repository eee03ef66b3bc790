"""A file that appears whole: a disk that is full, or a kill, costs nobody what stood there."""

from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Write `text` to `file`, by way of one beside it that takes its place."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)
