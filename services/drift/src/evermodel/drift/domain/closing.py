"""Which window of a model may be closed: every partition is past it, or long silent."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from evermodel.drift.domain.grid import LONGEST_GAP


def is_past(
    end: datetime,
    *,
    watermarks: Mapping[int, datetime],
    partitions: int,
    idle: AbstractSet[int] = frozenset(),
) -> bool:
    """Return whether every partition of a stream is past `end` or idle.

    `partitions` 0: nothing was ever heard of the stream, so it is not past anything.
    """
    return partitions > 0 and all(
        p in idle or (p in watermarks and watermarks[p] >= end) for p in range(partitions)
    )


def next_window(
    closed: datetime | None,
    opened: Collection[datetime],
    *,
    reached: datetime | None,
    length: timedelta,
) -> datetime | None:
    """Return the start of the window to close next: the one after the last, or the first known.

    `closed`: start of the last one closed. `reached`: the newest watermark.
    """
    if closed is None:
        return min(opened, default=None)
    following = closed + length
    if reached is None:
        return following
    newest = closed + ((reached - closed) // length - LONGEST_GAP) * length
    return min([max(following, newest), *(start for start in opened if start > closed)])
