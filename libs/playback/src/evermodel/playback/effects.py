"""How far every feature of every window lies from the reference it was counted against.

Owns the recomputation for the eyes of people; verdicts carry the detector's own numbers. A
reference that is not in the lake leaves its windows blank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import ReferenceCounts, TransactionsWindowed
from evermodel.lake.layout import reference_folder
from evermodel.playback.journal import Journal
from evermodel.profile.effects import effect
from evermodel.profile.layout import Counts, Edges, Part
from evermodel.profile.reference import BadReference, Reference


@dataclass(frozen=True, slots=True)
class WindowEffects:
    """Effect size by feature; empty where the window had no reference."""

    start: datetime
    by_feature: Mapping[str, float]


def effects_of(journal: Journal, *, lake: Path, model: str) -> list[WindowEffects]:
    """Return the effects of `model`'s windows in order."""
    references: dict[str, Reference | None] = {}
    found = []
    for event in journal.of(model).events:
        if isinstance(event.payload, TransactionsWindowed):
            counted = max(event.payload.counters.references, key=lambda r: r.rows, default=None)
            reference = None
            if counted is not None and counted.reference_id is not None:
                if counted.reference_id not in references:
                    references[counted.reference_id] = _load(lake, model, counted.reference_id)
                reference = references[counted.reference_id]
            window = event.payload.window
            moved = _effects(counted, reference, window) if counted and reference else {}
            found.append(WindowEffects(window.start, moved))
    return found


def _load(lake: Path, model: str, reference_id: str) -> Reference | None:
    try:
        return Reference.load(lake / reference_folder(model, reference_id))
    except BadReference:
        return None


def _effects(counted: ReferenceCounts, reference: Reference, window: Span) -> dict[str, float]:
    expected = reference.counts(reference.schema.window_class(window.start, window.end))
    found = {}
    for _, part in reference.layout:
        cells = _cells(counted, part)
        if cells is not None:
            distribution = reference.layout.distribution(expected, part.feature)
            found[part.feature] = effect(part, cells, distribution)
    return found


def _cells(counted: ReferenceCounts, part: Part) -> Counts | None:
    raw: list[int] = []
    if isinstance(part, Edges):
        bins = counted.continuous.get(part.feature)
        if bins is not None:
            raw = [*bins.bins, bins.nulls]
    else:
        levels = counted.categorical.get(part.feature)
        if levels is not None:
            raw = [*(levels.levels.get(level, 0) for level in part.levels)]
            raw += [levels.other, levels.nulls]
    return np.asarray(raw, dtype=np.int64) if len(raw) == part.cells else None
