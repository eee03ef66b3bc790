"""A table cut into windows of records: what an upstream system would have published, and when.

Owns the form of the records. A label travels in the window in which it becomes known, never
earlier. After a window's records one watermark goes to every partition, so that the window
closes. Must never decide anything.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import polars as pl

from evermodel.common.events.catalogue import LABELS
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.traffic import Label, Watermark
from evermodel.common.kernel.ids import ModelName, lifecycle_of
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.records import Headers, Outgoing
from evermodel.common.models.description import ModelDescription
from evermodel.playback.source import ENTITY, ID, LABEL, TIME, BadData, Table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN = "__known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is published for one window of one model, watermarks apart."""

    start: datetime
    end: datetime
    transactions: list[Outgoing]
    labels: list[Outgoing]


def floor(time: datetime, length: timedelta) -> datetime:
    """Return the start of the window of `length` that holds `time`."""
    return time - (time - _EPOCH) % length


class Feed:
    """Serves one table, window by window."""

    def __init__(self, table: Table, *, until: datetime | None = None) -> None:
        self.model = table.model
        self._length = table.model.windows.length
        frame = table.frame
        first, last = frame[TIME][0], frame[TIME][-1]
        self.start = floor(first.replace(tzinfo=UTC), self._length)
        self.end = self._data_end = floor(last.replace(tzinfo=UTC), self._length) + self._length
        if until is not None:
            self.end = min(self.end, max(floor(until, self._length), self.start))
        self._rows = _Cut(frame, by=TIME)
        labels = frame.filter(pl.col(LABEL).is_not_null()).select(
            ID, LABEL, (pl.col(TIME) + table.model.stream.label_delay).alias(_KNOWN)
        )
        self._labels = _Cut(labels, by=_KNOWN)

    @property
    def rows(self) -> int:
        """Transactions that will be fed."""
        return len(self._rows.between(self.start, self.end))

    def bootstrap_end(self, until: datetime | None) -> datetime:
        """Return when the first model is trained: `until`, or after one training window.

        A time inside a window becomes the window's start, so that nothing from after it counts.
        """
        stream, training = self.model.stream, self.model.training
        wanted = until or self.start + training.window + stream.label_delay
        return floor(wanted, self._length)

    def known_between(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return how many labels become known in ``start <= time < end``, and how many are 1."""
        labels = self._labels.between(start, end)[LABEL]
        return len(labels), int(labels.sum())

    def require_history(self, *, bootstrap_until: datetime | None, until: datetime | None) -> None:
        """Check that the first model is trained inside of what is played.

        Raises:
            BadData: it is not; the message names the option, or the key, that says so.
        """
        name, trained = self.model.name, self.bootstrap_end(bootstrap_until)
        if until is not None and until < self.start + self._length:
            raise BadData(
                f"{name}: --until {until:%Y-%m-%d %H:%M} leaves nothing to play: the first window "
                f"ends at {self.start + self._length:%Y-%m-%d %H:%M}"
            )
        if self.start < trained < self.end:
            return
        raise BadData(
            f"{name}: what is played spans {self.start:%Y-%m-%d %H:%M} to "
            f"{self.end:%Y-%m-%d %H:%M}, but the first model is trained at "
            f"{trained:%Y-%m-%d %H:%M}; {self._remedy(bootstrap_until, trained, until)}"
        )

    def _remedy(
        self, bootstrap_until: datetime | None, trained: datetime, until: datetime | None
    ) -> str:
        if until is not None and trained >= self.end and trained < self._data_end:
            return "give a later --until, or an earlier --bootstrap-until"
        if bootstrap_until is not None:
            return "--bootstrap-until must lie inside"
        return "set --bootstrap-until, or a shorter training.window or stream.label_delay"

    def windows(self) -> Iterator[Window]:
        """Yield every window in order, empty ones too."""
        start = self.start
        while start < self.end:
            yield self.window(start)
            start += self._length

    def window(self, start: datetime) -> Window:
        """Return the window that begins at `start`."""
        end = start + self._length
        return Window(
            start=start,
            end=end,
            transactions=_transactions(self._rows.between(start, end), self.model),
            labels=_labels(self._labels.between(start, end), self.model.name),
        )


def in_order(feeds: Sequence[Feed]) -> Iterator[tuple[datetime, list[tuple[Feed, Window]]]]:
    """Yield each time at which windows of `feeds` end, with those windows, in the feeds' order."""

    def of(number: int, feed: Feed) -> Iterator[tuple[datetime, int, Feed, Window]]:
        return ((window.end, number, feed, window) for window in feed.windows())

    streams = (of(number, feed) for number, feed in enumerate(feeds))
    ordered = heapq.merge(*streams, key=lambda entry: entry[:2])
    for end, entries in groupby(ordered, key=lambda entry: entry[0]):
        yield end, [(feed, window) for _, _, feed, window in entries]


class _Cut:
    """Slices of a frame by time."""

    def __init__(self, frame: pl.DataFrame, *, by: str) -> None:
        self._frame, self._times = frame, frame[by]

    def between(self, start: datetime, end: datetime) -> pl.DataFrame:
        first, last = (
            int(self._times.search_sorted(t.replace(tzinfo=None), side="left"))
            for t in (start, end)
        )
        return self._frame.slice(first, last - first)


def watermarks(
    topic: str, *, partitions: int, model: ModelDescription, time: datetime
) -> list[Outgoing]:
    """Return one watermark for every partition of `topic`."""
    mark = Watermark(model=model.name, time=time)
    headers = _headers(Watermark.TYPE, model.name)
    value = mark.model_dump_json().encode()
    return [
        Outgoing(topic=topic, key=None, value=value, headers=headers, partition=number)
        for number in range(partitions)
    ]


def first_order(model: ModelName, time: datetime) -> Emit:
    """Return the order to train the first model as of `time`; the same event in every run.

    It begins the lifecycle that its training, validation and rollout belong to.
    """
    order = LifecycleCommand(model=model, command="retrain", who="evermodel", why="bootstrap")
    identity = f"bootstrap/{model}/{time.isoformat()}"
    return Emit(order, time, identity=identity, lifecycle_id=lifecycle_of(identity))


def _transactions(rows: pl.DataFrame, model: ModelDescription) -> list[Outgoing]:
    stream = model.stream
    names = dict.fromkeys(
        name
        for name in (stream.id, stream.entity, *model.features.names)
        if name is not None and name != stream.time
    )
    columns = [pl.col(TIME).alias(stream.time), *map(pl.col, names)]
    encoded = rows.select(pl.struct(columns).struct.json_encode().cast(pl.Binary)).to_series()
    keys = rows[ENTITY].cast(pl.Binary)
    headers = (("ce_subject", model.name.encode()),)
    return [
        Outgoing(topic=stream.topic, key=key, value=value, headers=headers)
        for key, value in zip(keys.to_list(), encoded.to_list(), strict=True)
    ]


def _labels(rows: pl.DataFrame, model: str) -> list[Outgoing]:
    known = pl.col(_KNOWN).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    form = pl.struct(
        pl.lit(model).alias("model"),
        pl.col(ID).alias("id"),
        pl.col(LABEL).alias("label"),
        known.alias("known_at"),
    )
    encoded = rows.select(form.struct.json_encode().cast(pl.Binary)).to_series()
    headers = _headers(Label.TYPE, model)
    return [
        Outgoing(topic=LABELS.name, key=key, value=value, headers=headers)
        for key, value in zip(rows[ID].cast(pl.Binary).to_list(), encoded.to_list(), strict=True)
    ]


def _headers(kind: str, model: str) -> Headers:
    return (("ce_type", kind.encode()), ("ce_subject", model.encode()))
