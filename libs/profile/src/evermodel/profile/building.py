"""Building a model's reference from its training windows.

The trainer calls ``build_reference`` with the rows it learned from, window by window; what
comes out carries everything the detector needs, so no model starts cold.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from evermodel.profile.calibration import Classified, class_references, left_out_effects
from evermodel.profile.columns import BadColumn
from evermodel.profile.history import FeatureHistory, History, gate_quantile, mean_and_spread
from evermodel.profile.layout import Layout
from evermodel.profile.partition import layout_of
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.profile.traits import (
    alert_history,
    dominance,
    volumes,
    worst_nulls,
    worst_unseen,
)
from evermodel.profile.units import Mask, Unit, WindowRows, count_units, join_small, recent


def build_reference(
    windows: Sequence[WindowRows],
    *,
    schema: Schema,
    min_rows: int,
    history_quantile: float = 0.99,
    since: Mapping[str, datetime] | None = None,
) -> Reference:
    """Return the reference of a model trained on `windows`.

    `min_rows`: windows below it are joined with the next, as the detector does. `since`: for a
    feature that drifted, the onset; its reference is made of the windows from then on alone, so
    that the new world is the new normal, while the other features keep all their windows. (An
    onset after every window is ignored.)

    Raises:
        ValueError: there are no rows.
        BadColumn: a column is missing or holds what cannot be counted.
    """
    ordered = sorted(windows, key=lambda window: window.start)
    _check(ordered, schema)
    units = join_small(ordered, schema=schema, min_rows=min_rows)
    masks = {name: recent(units, (since or {}).get(name)) for name in schema.names}
    layout = layout_of(
        lambda name: [c for u in _kept(units, masks[name]) for c in u.column(name)], schema=schema
    )
    classified = Classified(
        counts=count_units(units, layout),
        classes=np.array([unit.window_class for unit in units]),
        recent=masks,
    )
    return Reference(
        schema=schema,
        layout=layout,
        classes=class_references(classified, layout),
        history=_history(ordered, units, classified, layout, schema, history_quantile),
        trained_from=ordered[0].start,
        trained_until=max(window.end for window in ordered),
        since={name: _kept(units, mask)[0].start for name, mask in masks.items() if not mask.all()},
    )


def _check(windows: Sequence[WindowRows], schema: Schema) -> None:
    for window in windows:
        missing = [name for name in schema.names if name not in window.columns]
        if missing:
            raise BadColumn(f"columns missing at {window.start}: {', '.join(missing)}")
    if not sum(window.rows(schema) for window in windows):
        raise ValueError("a reference needs rows: every training window is empty")


def _kept(units: Sequence[Unit], mask: Mask) -> list[Unit]:
    return [unit for unit, keep in zip(units, mask, strict=True) if keep]


def _history(  # one place where everything meets
    windows: Sequence[WindowRows],
    units: Sequence[Unit],
    classified: Classified,
    layout: Layout,
    schema: Schema,
    quantile: float,
) -> History:
    effects, designs = left_out_effects(classified, layout)
    features = {}
    for j, part in enumerate(layout.parts):
        mean, spread, compared = mean_and_spread(effects[:, j])
        features[part.feature] = FeatureHistory(
            mean=mean,
            spread=spread,
            windows=compared,
            design=designs[j],
            nulls=worst_nulls(classified.counts, layout, part),
            unseen=worst_unseen(units, part),
            dominant=dominance(classified.counts, layout, part),
        )
    return History(
        windows=len(units),
        quantile=gate_quantile(effects, quantile=quantile),
        features=features,
        volume=volumes(windows, schema),
        alerts=alert_history(units),
    )
