"""How far one partition of a stream is in event time, and which of its rows come too late.

    event time  ──┬── window 1 ──┬── window 2 ──┬──
    rows            a   b            c   (d)            d belongs to window 1
                                     └ watermark passes window 1's end with c: d is late

A row is late when its window had ended by the watermark of the rows *before* it, so that the
answer does not depend on how the stream was cut into batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from evermodel.common.kernel.stream_time import LEAST_AHEAD, MOST_WINDOWS_AHEAD
from evermodel.drift.domain.grid import LONGEST_GAP, Grid
from evermodel.drift.domain.rows import Integers

_LEAST_AHEAD = LEAST_AHEAD // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """`watermark`: no row that follows is older. `closed`: start of the last window given out.

    `alone`: the watermark is that of a first time which none within reach has confirmed. `rival`:
    the last time that was refused meanwhile; one more within its reach, and it was the first that
    was wrong.
    """

    watermark: int | None = None
    closed: int | None = None
    alone: bool = False
    rival: int | None = None

    def seen(self, watermark: int | None) -> "Progress":
        """Return the progress after `watermark` was reached; it never goes back."""
        if watermark is None or (self.watermark is not None and watermark <= self.watermark):
            return self
        return replace(self, watermark=watermark)

    def begun(self, first: int, grid: Grid) -> "Progress":
        """Return the progress that begins with a row at `first`: windows before it are not due.

        Without it the windows said to be empty would depend on how the stream was cut.
        """
        if self.closed is not None or self.watermark is not None:
            return self
        return replace(self, closed=grid.start(first) - grid.length)


def too_far_ahead(
    times: Integers, progress: Progress, grid: Grid, *, today: int | None
) -> tuple[npt.NDArray[np.bool_], Progress]:
    """Return which times are further ahead of the sound ones before them than any clock may be.

    Taking one in would close every window in between and make all later rows late.
    Nothing is known before a partition's first: it is held against `today`, the wall's time, or
    taken as it is where there is none. It may still be of a clock that was never set, so it alone
    refuses nothing for good: two times that agree outvote it. That costs the one which came
    before the other, and needs no wall clock, which old data would not agree with anyway.

    Also return the progress, which remembers who stands alone, but is not moved yet.
    """
    ahead = np.zeros(len(times), dtype=np.bool_)
    reach = max(MOST_WINDOWS_AHEAD * grid.length, _LEAST_AHEAD)
    newest = progress.watermark
    if newest is not None and not progress.alone and int(times.max()) <= newest + reach:
        return ahead, progress
    latest = None if today is None else today + reach
    for at, time in enumerate(times.tolist()):
        rival, is_possible = progress.rival, latest is None or time <= latest
        if newest is None and is_possible:
            newest, progress = time, replace(progress, alone=True)
        elif newest is not None and time <= newest + reach:
            if time >= newest - reach:
                progress = replace(progress, alone=False, rival=None)
            newest = max(newest, time)
        elif rival is not None and abs(time - rival) <= reach:
            newest, progress = time, Progress(progress.watermark, grid.start(time) - grid.length)
        else:
            ahead[at] = True
            if progress.alone and is_possible:
                progress = replace(progress, rival=time)
    return ahead, progress


def watermarks_before(times: Integers, progress: Progress, *, lateness: int) -> Integers:
    """Return for each row the watermark that the rows before it have set."""
    least = np.iinfo(np.int64).min
    start = least if progress.watermark is None else progress.watermark
    before = np.concatenate(([start], times[:-1] - lateness))
    return np.maximum.accumulate(before)


def late(times: Integers, before: Integers, grid: Grid) -> npt.NDArray[np.bool_]:
    """Return which rows belong to a window that had ended before they came."""
    ends = times // grid.length * grid.length + grid.length
    return ends <= before


def due(progress: Progress, grid: Grid, *, holding_rows: set[int]) -> list[int]:
    """Return the starts of the windows to give out now, in order: held ones and empty ones."""
    if progress.watermark is None:
        return []
    last = grid.last_closed(progress.watermark)
    if progress.closed is not None and last <= progress.closed:
        return []
    empty = grid.after(progress.closed, watermark=progress.watermark, limit=LONGEST_GAP)
    return sorted({*empty, *(start for start in holding_rows if start <= last)})


def watermarks_told(starts: Sequence[int], progress: Progress, grid: Grid) -> list[int]:
    """Return how far the partition is to say it is with each of the windows it gives out at once.

    Only with the last of them as far as it really is. Whoever adds the shares up takes them one by
    one, and would close the others, empty, on hearing it with the first.
    """
    ends = [start + grid.length for start in starts[:-1]]
    return [*ends, *([progress.watermark or 0] if starts else [])]
