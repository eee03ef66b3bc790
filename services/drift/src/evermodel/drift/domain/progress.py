"""How far one partition of a stream is in event time, and which of its rows come too late.

    event time  ──┬── window 1 ──┬── window 2 ──┬──
    rows            a   b            c   (d)            d belongs to window 1
                                     └ watermark passes window 1's end with c: d is late

A row is late when its window had ended by the watermark of the rows *before* it, so that the
answer does not depend on how the stream was cut into batches.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.drift.domain.grid import LONGEST_GAP, Grid
from evermodel.drift.domain.rows import Integers

#: A row this far ahead of its partition is a broken clock, not the future: taking it in would
#: close every window in between and make all later rows late.
MOST_WINDOWS_AHEAD = 1000
LEAST_AHEAD = 366 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """`watermark`: no row that follows is older. `closed`: start of the last window given out."""

    watermark: int | None = None
    closed: int | None = None

    def seen(self, watermark: int | None) -> "Progress":
        """Return the progress after `watermark` was reached; it never goes back."""
        if watermark is None or (self.watermark is not None and watermark <= self.watermark):
            return self
        return Progress(watermark, self.closed)

    def begun(self, first: int, grid: Grid) -> "Progress":
        """Return the progress that begins with a row at `first`: windows before it are not due.

        Without it the windows said to be empty would depend on how the stream was cut.
        """
        if self.closed is not None or self.watermark is not None:
            return self
        return Progress(None, grid.start(first) - grid.length)


def too_far_ahead(
    times: Integers, progress: Progress, grid: Grid, *, today: int | None
) -> npt.NDArray[np.bool_]:
    """Return which times are further ahead of the sound ones before them than any clock may be.

    Nothing is known before a partition's first: it is held against `today`, the wall's time, or
    taken as it is where there is none.
    """
    ahead = np.zeros(len(times), dtype=np.bool_)
    reach = max(MOST_WINDOWS_AHEAD * grid.length, LEAST_AHEAD)
    newest = progress.watermark
    if newest is not None and int(times.max()) <= newest + reach:
        return ahead
    for at, time in enumerate(times.tolist()):
        bound = today if newest is None else newest
        if bound is not None and time > bound + reach:
            ahead[at] = True
        else:
            newest = time if newest is None else max(newest, time)
    return ahead


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
