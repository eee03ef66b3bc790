"""One partition of `transactions.scored`: open tallies, their state, their rows in the lake.

Must never judge what it counts, nor count a row twice: below its next offset it only refills.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from evermodel.common.events.catalogue import TRANSACTIONS_SCORED
from evermodel.common.events.hot import ScoredRow
from evermodel.common.kernel.errors import Fatal, Poison
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.crowding import MOST_IN_A_WINDOW, crowded_out
from evermodel.drift.domain.grid import Grid
from evermodel.drift.domain.progress import Progress, due, late, watermarks_before, watermarks_told
from evermodel.drift.domain.rows import Integers, Rows
from evermodel.drift.domain.tally import Limits, Tally
from evermodel.drift.handlers.decoding import Models, Segment, decode_rows, rows_of
from evermodel.drift.handlers.lake_buffer import LakeBuffer
from evermodel.drift.handlers.partition import Output, Speaker, hand_over, turn_to
from evermodel.drift.handlers.payloads import window_counters
from evermodel.drift.handlers.wild_dates import WildDates, not_refused
from evermodel.drift.handlers.windower_state import (
    Position,
    open_windows,
    position_key,
    window_key,
)
from evermodel.drift.handlers.yardsticks import Yardsticks
from evermodel.drift.ports import References, RowLake, TallyCodec
from evermodel.lake import layout
from evermodel.profile.reference import Reference

_TOPIC = TRANSACTIONS_SCORED.name
_MICROSECONDS = 1e6


class ScoredPartition:
    """Counts rows from the next offset on; rows before it only refill the lake's buffer."""

    def __init__(  # its ports
        self,
        *,
        partition: int,
        partitions: int,
        models: Models,
        lake: RowLake,
        references: References,
        codec: TallyCodec,
        wild: WildDates,
    ) -> None:
        self._partition = partition
        self._models = models
        self._lake = lake
        self._buffer = LakeBuffer(lake)
        self._yardsticks = Yardsticks(references)
        self._codec = codec
        self._wild = wild
        self._speaker = Speaker(stream="scored", partition=partition, partitions=partitions)
        self._position = Position()
        self._open: dict[tuple[str, int], Tally] = {}
        self._touched: set[tuple[str, int]] = set()

    def restore(self, state: Mapping[str, bytes], *, committed: int) -> int | None:
        """Take over what was kept; return from where to read again, if anything was read.

        `committed`: what lies below is dealt with, though it may have been given up.

        Raises:
            Fatal: a model's windows had another length: rows would count in two of them.
        """
        raw = state.get(position_key(_TOPIC, self._partition))
        self._position = Position.restored(raw, committed=committed)
        for name, length in self._position.lengths.items():
            if name in self._models:
                _same_length(self._models[name], length)
        self._open = {
            (model, start): self._codec.decode(model, kept)
            for (model, start), kept in open_windows(state, _TOPIC, self._partition).items()
            if model in self._models
        }
        return self._position.begins

    def hand_over(self, output: Output) -> None:
        """Leave nothing unwritten."""
        key = position_key(_TOPIC, self._partition)
        hand_over(key, position=self._position, buffer=self._buffer, output=output)

    def take(self, records: Sequence[Record], *, chunk: int, output: Output) -> None:
        """Count and keep `records`, which lie in `chunk`."""
        turn_to(chunk, position=self._position, buffer=self._buffer)
        rejected: list[Rejected] = []
        decoded = decode_rows(records, models=self._models, rejected=rejected)
        for model, segments in decoded.items():
            for segment in segments:
                if segment.rows:
                    self._rows(self._models[model], segment, rejected, output)
                self._mark(self._models[model], segment, rejected, output)
        output.rejected += self._position.passed(records, rejected)

    def save(self, output: Output) -> None:
        """Add what must be kept: the position, and every tally that changed."""
        known = self._models.keys() & self._position.progress.keys()
        self._position.lengths |= {name: _grid(self._models[name]).length for name in known}
        output.state[position_key(_TOPIC, self._partition)] = self._position.encode()
        for model, start in sorted(self._touched):
            tally = self._open.get((model, start))
            output.state[window_key(_TOPIC, self._partition, model, start)] = (
                None if tally is None else self._codec.encode(tally)
            )
        self._touched.clear()

    def _rows(
        self,
        model: ModelDescription,
        segment: Segment[ScoredRow],
        rejected: list[Rejected],
        output: Output,
    ) -> None:
        rows, before = rows_of(segment), self._progress(model)
        wild, progress = self._wild.sift(
            segment.records, rows.times, self._position, before, _grid(model)
        )
        rejected += wild
        if progress != before:  # though perhaps no row is left
            self._position.progress[model.name] = progress
        if self._position.refused:
            rows = rows.take(not_refused(rows.offsets, self._position))
        self._refill(model, rows.take((rows.offsets < self._position.next_offset).nonzero()[0]))
        rows = rows.take((rows.offsets >= self._position.next_offset).nonzero()[0])
        rows = self._countable(model, segment, rows, rejected)
        if not len(rows):
            return
        grid, lateness = _grid(model), _micros(model.windows.lateness.total_seconds())
        marks = watermarks_before(rows.times, progress, lateness=lateness)
        tardy = late(rows.times, marks, grid)
        for start, at in _by_window(rows, ~tardy, grid):
            key = (model.name, start)
            self._open[key] = self._open.get(key, Tally()) + self._counted(
                model, start, rows.take(at)
            )
            self._touched.add(key)
        reached = int(max(marks[-1], rows.times[-1] - lateness))
        progress = progress.begun(int(rows.times[0]), grid)
        self._advance(model, progress.seen(reached), output)
        for start, at in _by_window(rows, tardy, grid):
            self._correct(model, start, rows.take(at), output)

    def _countable(
        self,
        model: ModelDescription,
        segment: Segment[ScoredRow],
        rows: Rows,
        rejected: list[Rejected],
    ) -> Rows:
        """Return `rows` without those that name a version too many for their window."""
        known = {
            start: tally.versions
            for (name, start), tally in self._open.items()
            if name == model.name
        }
        crowded = crowded_out(rows, known, _grid(model))
        if not crowded:
            return rows
        records = {record.offset: record for record in segment.records}
        for at, version in crowded.items():
            offset = int(rows.offsets[at])
            self._position.refused.add(offset)
            rejected.append(Rejected(records[offset], _one_too_many(version)))
        return rows.take(not_refused(rows.offsets, self._position))

    def _mark(
        self,
        model: ModelDescription,
        segment: Segment[ScoredRow],
        rejected: list[Rejected],
        output: Output,
    ) -> None:
        before = self._progress(model)
        progress = self._wild.marked(segment, self._position, before, _grid(model), rejected)
        if progress != before:
            self._advance(model, progress, output)

    def _progress(self, model: ModelDescription) -> Progress:
        return self._position.progress.get(model.name, Progress())

    def _counted(self, model: ModelDescription, start: int, rows: Rows) -> Tally:
        self._buffer.add(self._file(model, start, self._position.chunk), self._lake.pack_rows(rows))
        return Tally.of(
            rows,
            references=self._yardsticks.fitting(model, rows.references),
            limits=_limits(model),
            chunks=frozenset((self._position.chunk,)),
        )

    def _refill(self, model: ModelDescription, rows: Rows) -> None:
        everything = np.ones(len(rows), dtype=np.bool_)
        for start, at in _by_window(rows, everything, _grid(model)):
            path = self._file(model, start, self._position.chunk)
            self._buffer.add(path, self._lake.pack_rows(rows.take(at)))

    def _advance(self, model: ModelDescription, progress: Progress, output: Output) -> None:
        """Give out every window that ended by the watermark."""
        grid = _grid(model)
        held = {start for name, start in self._open if name == model.name}
        starts = due(progress, grid, holding_rows=held)
        for start, watermark in zip(starts, watermarks_told(starts, progress, grid), strict=True):
            tally = self._open.pop((model.name, start), Tally())
            self._touched.add((model.name, start))
            output.events.append(
                self._speaker.partial(
                    model.name,
                    start,
                    grid=grid,
                    watermark=watermark,
                    counters=window_counters(tally, self._layouts(model.name, tally)),
                    lake=self._written(model, start, tally),
                )
            )
            progress = replace(progress, closed=start)
        self._position.progress[model.name] = progress

    def _correct(self, model: ModelDescription, start: int, rows: Rows, output: Output) -> None:
        tally = self._counted(model, start, rows)
        output.events.append(
            self._speaker.partial(
                model.name,
                start,
                grid=_grid(model),
                watermark=self._progress(model).watermark or 0,
                counters=window_counters(tally, self._layouts(model.name, tally)),
                lake=self._written(model, start, tally),
                late_from=int(rows.offsets[0]),
            )
        )

    def _written(self, model: ModelDescription, start: int, tally: Tally) -> list[str]:
        paths = [self._file(model, start, chunk) for chunk in sorted(tally.chunks)]
        self._buffer.flush(paths.__contains__)
        return paths

    def _file(self, model: ModelDescription, start: int, chunk: int) -> str:
        return layout.scored_file(model.name, start, partition=self._partition, chunk=chunk)

    def _layouts(self, model: str, tally: Tally) -> dict[str, Reference]:
        return self._yardsticks.known(model, tally.profiles)


def _one_too_many(version: int) -> Poison:
    return Poison(
        f"version {version} would be one too many: a window counts at most {MOST_IN_A_WINDOW}"
    )


def _same_length(model: ModelDescription, length: int) -> None:
    if (now := _grid(model).length) != length:
        was, wanted = (timedelta(microseconds=each) for each in (length, now))
        raise Fatal(
            f"{model.name}: windows.length is {wanted}, and windows of {was} were counted: rows "
            "would count in two. Put it back, or describe a model of another name"
        )


def _micros(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)


def _grid(model: ModelDescription) -> Grid:
    return Grid(_micros(model.windows.length.total_seconds()))


def _limits(model: ModelDescription) -> dict[str, Limits]:
    contracts = model.quality
    return {
        name: Limits(contracts[name].min, contracts[name].max) if name in contracts else Limits()
        for name in model.features.names
    }


def _by_window(rows: Rows, wanted: npt.NDArray[np.bool_], grid: Grid) -> list[tuple[int, Integers]]:
    starts = rows.times // grid.length * grid.length
    return [
        (int(start), ((starts == start) & wanted).nonzero()[0])
        for start in np.unique(starts[wanted])
    ]
