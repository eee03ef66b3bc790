"""What else a training window says is normal: nulls, unseen levels, volume, alert rate."""

from collections.abc import Sequence

import numpy as np

from evermodel.common.kernel.levels import NULL
from evermodel.profile.columns import level_counts
from evermodel.profile.history import AlertHistory, Volume
from evermodel.profile.layout import Counts, Edges, Layout, Part
from evermodel.profile.schema import ALL, Schema
from evermodel.profile.units import Unit, WindowRows

#: An alert rate is standardised from so many windows on.
MIN_ALERT_WINDOWS = 5


def worst_nulls(counts: Counts, layout: Layout, part: Part) -> float:
    """Return the highest null share of one unit."""
    cells = layout.distribution(counts, part.feature)
    return float((cells[:, -1] / np.maximum(cells.sum(axis=1), 1)).max())


def dominance(counts: Counts, layout: Layout, part: Part) -> float:
    """Return the highest share that one cell (nulls apart) has in one unit."""
    cells = layout.distribution(counts, part.feature)[:, :-1]
    return float((cells.max(axis=1) / np.maximum(cells.sum(axis=1), 1)).max())


def worst_unseen(units: Sequence[Unit], part: Part) -> float:
    """Return the highest share, in one unit, of levels that no other unit has."""
    if isinstance(part, Edges) or part.open_ended or part.kind == "flag":
        return 0.0
    owner: dict[str, int | None] = {}
    counted = [_levels(unit, part.feature) for unit in units]
    for at, levels in enumerate(counted):
        for level in levels:
            owner[level] = at if level not in owner else None
    return max(
        sum(rows for level, rows in levels.items() if owner[level] == at) / max(unit.rows, 1)
        for at, (unit, levels) in enumerate(zip(units, counted, strict=True))
    )


def _levels(unit: Unit, feature: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for column in unit.column(feature):
        for level, rows in level_counts(feature, column).items():
            totals[level] = totals.get(level, 0) + rows
    totals.pop(NULL, None)
    return totals


def volumes(windows: Sequence[WindowRows], schema: Schema) -> dict[str, Volume]:
    """Return the rows of single windows by class, and of all."""
    rows: dict[str, list[int]] = {ALL: []}
    for window in windows:
        rows[ALL].append(window.rows(schema))
        name = schema.window_class(window.start, window.end)
        if name != ALL:
            rows.setdefault(name, []).append(window.rows(schema))
    return {k: Volume(lowest=min(v), highest=max(v), mean=sum(v) / len(v)) for k, v in rows.items()}


def alert_history(units: Sequence[Unit]) -> AlertHistory | None:
    """Return mean and spread of the alert rate, or None when too few units tell theirs."""
    rates = [unit.alerts / unit.rows for unit in units if unit.rows and unit.alerts is not None]
    if len(rates) < MIN_ALERT_WINDOWS:
        return None
    return AlertHistory(
        mean=float(np.mean(rates)), spread=float(np.std(rates, ddof=1)), windows=len(rates)
    )
