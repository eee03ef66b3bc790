"""Which window of a model may be closed: every partition is past it, or long silent."""

from collections.abc import Mapping, Set
from datetime import datetime, timedelta

#: After a gap longer than this only the newest windows are said to be empty.
LONGEST_GAP = 1000


def is_past(
    end: datetime, *, watermarks: Mapping[int, datetime], partitions: int, idle: Set[int]
) -> bool:
    """Return whether every partition of a stream is past `end` or idle (0 partitions: unknown)."""
    return partitions > 0 and all(
        p in idle or (p in watermarks and watermarks[p] >= end) for p in range(partitions)
    )


def next_window(
    closed: datetime | None, opened: Set[datetime], *, reached: datetime | None, length: timedelta
) -> datetime | None:
    """Return the start of the window to close next: the one after the last, or the first known."""
    if closed is None:
        return min(opened, default=None)
    following = closed + length
    if reached is None or not opened or min(opened) <= following:
        return following
    oldest = reached - LONGEST_GAP * length
    return max(following, oldest) if following < oldest else following
