"""What the detector knows of one model between two events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import WindowCounters
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.domain.episodes import Episode, History
from evermodel.drift.domain.merging import EMPTY
from evermodel.drift.domain.performance import Standing
from evermodel.drift.domain.prediction import Cusum

#: Files that a window names at most. A sample is drawn from them, for which these are enough;
#: all together they lie in one record of the state topic, and then in one of the verdict's.
MOST_FILES = 1000


def named(*files: str) -> tuple[str, ...]:
    """Return each of `files` once, and of very many the last."""
    return tuple(dict.fromkeys(files))[-MOST_FILES:]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWindow:
    """A window, or some that were too small, with what was counted so far."""

    counters: WindowCounters = EMPTY
    lake: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Small(OpenWindow):
    """Closed windows that wait for the next ones, because they have too few rows to judge.

    `windows`: how many.
    """

    start: datetime
    end: datetime
    windows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How far each partition of a stream is. `partitions` 0: nothing was heard of it."""

    partitions: int = 0
    watermarks: Mapping[int, datetime] = field(default_factory=dict)

    def heard(self, partition: int, watermark: datetime, *, partitions: int) -> "Stream":
        """Return the stream after a partition told its watermark."""
        known = self.watermarks.get(partition, watermark)
        return Stream(
            partitions=partitions,
            watermarks={**self.watermarks, partition: max(known, watermark)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """Open windows, then what the rule remembers about the champion's world.

    `closed`: start of the window closed last. `given_until`, `cohorts_until`: ends of the newest
    window that a system upstream closed, and of the newest cohort: nothing is held against the
    champion twice. `late_rows`: since then. `consecutive`: windows
    in a row that flagged each feature. `quality`: the episode of failing windows, if one is on.
    `starved`: for so many windows there were too few rows of the champion's reference to judge.
    `owed`: alarms whose report has not been made, by event id.
    """

    scored: Stream = Stream()
    labels: Stream = Stream()
    opened: Mapping[datetime, OpenWindow] = field(default_factory=dict)
    closed: datetime | None = None
    late_rows: int = 0
    small: Small | None = None
    champion: int | None = None
    reference_id: str | None = None
    consecutive: Mapping[str, int] = field(default_factory=dict)
    cusum: Cusum = field(default_factory=Cusum)
    standings: Mapping[int, Standing] = field(default_factory=dict)
    history: History = field(default_factory=History)
    quality: Episode | None = None
    judged: Span | None = None
    starved: bool = False
    owed: Mapping[str, Alarm] = field(default_factory=dict)
    given_until: datetime | None = None
    cohorts_until: datetime | None = None
