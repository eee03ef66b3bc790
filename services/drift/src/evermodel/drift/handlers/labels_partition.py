"""One partition of `labels`: into the lake, and a word when it is past a window's end.

Must never join a label with its row: `outcomes` does, from the lake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evermodel.common.events.catalogue import LABELS
from evermodel.common.events.hot import LabelRow
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.records import Record
from evermodel.drift.domain.grid import Grid
from evermodel.drift.domain.progress import Progress, due, watermarks_told
from evermodel.drift.domain.rows import Labels
from evermodel.drift.handlers.decoding import Models, Segment, decode_labels, labels_of
from evermodel.drift.handlers.lake_buffer import LakeBuffer
from evermodel.drift.handlers.partition import Output, Speaker, hand_over, turn_to
from evermodel.drift.handlers.wild_dates import WildDates, not_refused
from evermodel.drift.handlers.windower_state import Position, position_key
from evermodel.drift.ports import RowLake
from evermodel.lake import layout

_DAY = Grid(86_400_000_000)
_MICROSECONDS = 1e6


class LabelsPartition:
    """Watermarks by the time labels were known, and the labels of the current chunk."""

    def __init__(
        self, *, partition: int, partitions: int, models: Models, lake: RowLake, wild: WildDates
    ) -> None:
        self._partition = partition
        self._models = models
        self._lake = lake
        self._wild = wild
        self._buffer = LakeBuffer(lake)
        self._speaker = Speaker(stream="labels", partition=partition, partitions=partitions)
        self._position = Position()
        #: Files with labels whose window has ended: no later one would bring them out.
        self._overdue: set[str] = set()

    def restore(self, state: Mapping[str, bytes], *, committed: int) -> int | None:
        """Take over what was kept; return from where to read again, if anything was read.

        `committed`: what lies below is dealt with, though it may have been given up.
        """
        raw = state.get(position_key(LABELS.name, self._partition))
        self._position = Position.restored(raw, committed=committed)
        return self._position.begins

    def hand_over(self, output: Output) -> None:
        """Leave nothing unwritten."""
        key = position_key(LABELS.name, self._partition)
        hand_over(key, position=self._position, buffer=self._buffer, output=output)

    def take(self, records: Sequence[Record], *, chunk: int, output: Output) -> None:
        """Keep `records`, which lie in `chunk`."""
        turn_to(chunk, position=self._position, buffer=self._buffer)
        rejected: list[Rejected] = []
        decoded = decode_labels(records, models=self._models, rejected=rejected)
        for model, segments in decoded.items():
            for segment in segments:
                self._segment(model, segment, rejected, output)
        output.rejected += self._position.passed(records, rejected)

    def save(self, output: Output) -> None:
        """Write what is overdue, once for all of a batch, and add what must be kept."""
        self._buffer.flush(self._overdue.__contains__)
        self._overdue.clear()
        output.state[position_key(LABELS.name, self._partition)] = self._position.encode()

    def _segment(
        self,
        model: str,
        segment: Segment[LabelRow],
        rejected: list[Rejected],
        output: Output,
    ) -> None:
        windows = self._models[model].windows
        progress = self._position.progress.get(model, Progress())
        grid = Grid(int(windows.length.total_seconds() * _MICROSECONDS))
        kept: dict[str, int] = {}
        if segment.rows:
            labels, progress = self._sound(segment, progress, grid, rejected)
            kept = self._keep(model, labels)
            counted = labels.known_at[labels.offsets >= self._position.next_offset]
            if len(counted):
                lateness = int(windows.lateness.total_seconds() * _MICROSECONDS)
                progress = progress.begun(int(counted[0]), grid)
                progress = progress.seen(int(counted.max()) - lateness)
        progress = self._wild.marked(segment, self._position, progress, grid, rejected)
        progress = self._position.progress[model] = self._close(model, progress, grid, output)
        if progress.closed is not None:
            ended = progress.closed + grid.length
            self._overdue |= {path for path, oldest in kept.items() if oldest < ended}

    def _sound(
        self,
        segment: Segment[LabelRow],
        progress: Progress,
        grid: Grid,
        rejected: list[Rejected],
    ) -> tuple[Labels, Progress]:
        labels = labels_of(segment)
        wild, progress = self._wild.sift(
            segment.records, labels.known_at, self._position, progress, grid
        )
        rejected += wild
        return labels.take(not_refused(labels.offsets, self._position)), progress

    def _keep(self, model: str, labels: Labels) -> dict[str, int]:
        """Return when the oldest label of each file was known."""
        kept, days = {}, _DAY.length * (labels.known_at // _DAY.length)
        for day in sorted(set(days.tolist())):
            path = layout.labels_file(
                model, day, partition=self._partition, chunk=self._position.chunk
            )
            chosen = labels.take((days == day).nonzero()[0])
            self._buffer.add(path, self._lake.pack_labels(chosen))
            kept[path] = int(chosen.known_at.min())
        return kept

    def _close(self, model: str, progress: Progress, grid: Grid, output: Output) -> Progress:
        starts = due(progress, grid, holding_rows=set())
        if not starts or progress.watermark is None:
            return progress
        self._buffer.flush(lambda path: path.startswith(f"{model}/"))
        for start, watermark in zip(starts, watermarks_told(starts, progress, grid), strict=True):
            output.events.append(
                self._speaker.partial(model, start, grid=grid, watermark=watermark)
            )
        return replace(progress, closed=starts[-1])
