"""Training windows joined until each has rows enough to be judged, as the detector joins them.

Must never judge: it joins and counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from evermodel.profile.columns import Column, Columns
from evermodel.profile.counters import count
from evermodel.profile.layout import Counts, Layout
from evermodel.profile.schema import Schema

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRows:
    """The rows of one window ``[start, end)``, by column; null is None, NaN or empty text.

    `alerts`: how many of them the new model would alert, or None where it learned from these
    very rows and the figure would flatter (give it for calibration and hold-out windows).
    """

    start: datetime
    end: datetime
    columns: Columns
    alerts: int | None = None

    def rows(self, schema: Schema) -> int:
        """Return how many rows there are."""
        return len(self.columns[schema.names[0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Windows in a row that together have rows enough."""

    windows: tuple[WindowRows, ...]
    rows: int
    window_class: str

    @property
    def start(self) -> datetime:
        """Where the first of them begins."""
        return self.windows[0].start

    @property
    def alerts(self) -> int | None:
        """Alerts in all of them, or None when one is not to be counted."""
        known = [w.alerts for w in self.windows if w.alerts is not None]
        return sum(known) if len(known) == len(self.windows) else None

    def column(self, name: str) -> Sequence[Column]:
        """Return the feature `name` of each window."""
        return [w.columns[name] for w in self.windows]


def join_small(windows: Sequence[WindowRows], *, schema: Schema, min_rows: int) -> list[Unit]:
    """Return the units of `windows` in order; a small rest is joined with the last of them."""
    groups: list[list[WindowRows]] = [[]]
    for window in windows:
        groups[-1].append(window)
        if sum(w.rows(schema) for w in groups[-1]) >= min_rows:
            groups.append([])
    rest = groups.pop()
    if rest and groups:
        groups[-1] += rest
    elif rest:
        groups.append(rest)
    return [_unit(group, schema) for group in groups]


def _unit(windows: Sequence[WindowRows], schema: Schema) -> Unit:
    return Unit(
        windows=tuple(windows),
        rows=sum(w.rows(schema) for w in windows),
        window_class=schema.window_class(windows[0].start, windows[-1].end),
    )


def count_units(units: Sequence[Unit], layout: Layout) -> Counts:
    """Return the counts of each unit as a row."""
    matrix = np.zeros((len(units), layout.size), dtype=np.int64)
    for at, unit in enumerate(units):
        for window in unit.windows:
            matrix[at] += count(window.columns, reference_id="", layout=layout).counts
    return matrix


def recent(units: Sequence[Unit], onset: datetime | None) -> Mask:
    """Return which units begin at `onset` or later; all of them when none does."""
    after = np.array([onset is None or unit.start >= onset for unit in units])
    return after if after.any() else np.ones(len(units), dtype=np.bool_)


Recent = Mapping[str, Mask]
