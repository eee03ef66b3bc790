"""Seeded synthetic streams: windows of payments that belong together, and ones that moved.

Real days differ more than independent rows would: customers come in clusters and every day has
its mood. `mood` is the standard deviation of that daily shift, in standard deviations of the
feature. A test that ignores it calls every mood a drift.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows

CONTINUOUS = tuple(f"AMOUNT_{n:02d}" for n in range(12))
FLAGS = ("NIGHT", "WEEKEND", "ABROAD")
SCHEMA = Schema(continuous=CONTINUOUS, flag=FLAGS, season="none")
START = datetime(2018, 1, 1, tzinfo=UTC)

Rows = dict[str, npt.NDArray[np.float32]]


def rows_of(
    rng: np.random.Generator, *, rows: int, mood: float = 0.0, shifted: float = 0.0
) -> Rows:
    """Return one window. `shifted`: how far its first feature has moved, in its sd."""
    columns: Rows = {}
    for number, name in enumerate(CONTINUOUS):
        centre = rng.normal(0.0, mood) + (shifted if number == 0 else 0.0)
        columns[name] = np.exp(rng.normal(centre, 1.0, rows)).astype(np.float32)
    for name in FLAGS:
        rate = np.clip(0.2 + 0.4 * rng.normal(0.0, mood), 0.01, 0.99)
        columns[name] = (rng.random(rows) < rate).astype(np.float32)
    return columns


def window_of(columns: Rows, *, day: int) -> WindowRows:
    """Return the rows as the window of `day`."""
    start = START + timedelta(days=day)
    return WindowRows(start=start, end=start + timedelta(days=1), columns=columns)
