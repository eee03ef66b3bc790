"""Rows, labels and watermarks with dates that no clock can have meant.

One of them taken in would move its partition's watermark ahead for good: windows would close at
once, and every row after it be late. So they are given up, and their offsets remembered as long
as their chunk may be read again. Must never look at the wall clock where a date can be held
against the ones before it: the answer would depend on when it was asked.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Poison
from evermodel.common.kernel.meant_time import EARLIEST, LATEST
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.records import Record
from evermodel.drift.domain.grid import Grid, micros, moment
from evermodel.drift.domain.progress import Progress, too_far_ahead
from evermodel.drift.domain.rows import Integers
from evermodel.drift.handlers.decoding import R, Segment
from evermodel.drift.handlers.windower_state import Position

#: The fast forms do not know the bounds of an event's times, within which a window still fits.
_EARLIEST, _LATEST = micros(EARLIEST), micros(LATEST)


class WildDates:
    """Sifts them out."""

    def __init__(self, clock: Clock | None) -> None:
        """`clock`: what the first date of a partition is held against, if anything."""
        self._clock = clock

    def sift(
        self,
        records: Sequence[Record],
        times: Integers,
        position: Position,
        progress: Progress,
        grid: Grid,
    ) -> tuple[list[Rejected], Progress]:
        """Return those of `records`, at `times`, that are new and wild; remember them.

        Also return the progress, which is not moved yet by the others.
        """
        first = bisect_left(records, position.next_offset, key=lambda record: record.offset)
        new = np.arange(first, len(records))
        possible = new[(times[new] >= _EARLIEST) & (times[new] <= _LATEST)]
        wild = np.setdiff1d(new, possible, assume_unique=True).tolist()
        if len(possible):
            today = None if self._clock is None else micros(self._clock.now())
            ahead, progress = too_far_ahead(times[possible], progress, grid, today=today)
            wild = sorted([*wild, *possible[ahead].tolist()])
        position.refused |= {records[at].offset for at in wild}
        return [Rejected(records[at], _fault(int(times[at]))) for at in wild], progress

    def marked(
        self,
        segment: Segment[R],
        position: Position,
        progress: Progress,
        grid: Grid,
        rejected: list[Rejected],
    ) -> Progress:
        """Return the progress after the watermark that `segment` ends in, if it is new.

        One that cannot be meant is rejected.
        """
        if segment.marked is None or segment.watermark is None:
            return progress
        if segment.marked.offset < position.next_offset:
            return progress
        times = np.array([segment.watermark], dtype=np.int64)
        wild, progress = self.sift([segment.marked], times, position, progress, grid)
        rejected += wild
        return progress if wild else progress.seen(segment.watermark)


def not_refused(offsets: Integers, position: Position) -> Integers:
    """Return the places in `offsets` of those that were not given up."""
    return (~np.isin(offsets, list(position.refused))).nonzero()[0]


def _fault(time: int) -> Poison:
    if not _EARLIEST <= time <= _LATEST:
        return Poison("its time lies before the year 1900 or after 9998")
    return Poison(f"time {moment(time).isoformat()} is more than a year ahead of its partition")
