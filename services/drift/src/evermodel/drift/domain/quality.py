"""Step 0 of the rule: is the window what the model was promised, before anyone asks for drift?

What fails here is a broken source, not a changed world: it is told to people and never trains.
"""

from collections.abc import Iterator

from evermodel.common.events.windows import (
    CategoricalCounts,
    ContinuousCounts,
    QualityFailure,
    ReferenceCounts,
    WindowCounters,
)
from evermodel.common.models.description import ModelDescription
from evermodel.profile.history import FeatureHistory
from evermodel.profile.layout import Edges, Part
from evermodel.profile.reference import Reference
from evermodel.profile.schema import ALL

#: A feature that once held one value in nearly a whole window may hold it again.
NEARLY_CONSTANT = 0.99


def failures_of(
    counters: WindowCounters,
    model: ModelDescription,
    *,
    reference: Reference | None,
    window_class: str,
) -> tuple[QualityFailure, ...]:
    """Return what does not hold, or nothing. Without a reference only contracts are checked."""
    found = [*_volume(counters, model, reference, window_class)]
    if not counters.rows:
        return tuple(found)
    for name in model.features.names:
        history = reference.history.features.get(name) if reference else None
        found += _column(name, counters, model, history)
    if reference is not None:
        counted = _counted(counters, reference.reference_id)
        if counted is not None:
            found += _misfits(counted, reference)
            if counted.rows >= model.windows.min_rows:
                found += _against_reference(counted, model, reference)
    return tuple(found)


def _counted(counters: WindowCounters, reference_id: str) -> ReferenceCounts | None:
    return next((r for r in counters.references if r.reference_id == reference_id), None)


def _volume(
    counters: WindowCounters,
    model: ModelDescription,
    reference: Reference | None,
    window_class: str,
) -> Iterator[QualityFailure]:
    if reference is None:
        return
    volume = reference.history.volume
    usual = volume.get(window_class, volume[ALL])
    ratio, rows = model.drift.volume_ratio, counters.rows
    if rows < usual.lowest / ratio:
        yield _failure("volume", None, rows, usual.lowest / ratio, "rows, fewer than")
    elif rows > usual.highest * ratio:
        yield _failure("volume", None, rows, usual.highest * ratio, "rows, more than")


def _failure(
    check: str, column: str | None, value: float, bound: float, what: str
) -> QualityFailure:
    detail = f"{value:g} {what} {bound:g}"
    return QualityFailure(check=check, column=column, value=value, bound=bound, detail=detail)


def _share(check: str, column: str, value: float, bound: float, what: str) -> QualityFailure:
    detail = f"{_percent(value)} of the rows {what}, more than {_percent(bound)}"
    return QualityFailure(check=check, column=column, value=value, bound=bound, detail=detail)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _column(
    name: str, counters: WindowCounters, model: ModelDescription, history: FeatureHistory | None
) -> Iterator[QualityFailure]:
    column, contract = counters.quality.get(name), model.quality.get(name)
    if column is None or not column.rows:
        return
    bound = null_bound(model, name, history)
    nulls = column.nulls / column.rows
    if nulls > bound:
        yield _share("nulls", name, nulls, bound, "are null")
    outside = (column.below + column.above) / column.rows
    allowed = model.drift.max_outside
    if contract is not None and outside > allowed:
        yield _share("range", name, outside, allowed, "are out of range")


def null_bound(model: ModelDescription, name: str, history: FeatureHistory | None) -> float:
    """Return the highest null share of a sound window: the contract's, or the worst known."""
    contract = model.quality.get(name)
    if contract is not None and contract.nulls is not None:
        return contract.nulls
    if history is None:
        return model.drift.max_nulls
    usual = history.nulls + model.drift.null_jump
    return usual if history.nulls >= model.drift.max_nulls else min(model.drift.max_nulls, usual)


def _misfits(counted: ReferenceCounts, reference: Reference) -> Iterator[QualityFailure]:
    """Yield the features whose counts cannot be held against the reference, however few rows."""
    for part in reference.layout.parts:
        why = _misfit(part, _column_of(counted, part.feature))
        if why is not None:
            yield QualityFailure(check="schema", column=part.feature, value=0, bound=1, detail=why)


def _misfit(part: Part, column: ContinuousCounts | CategoricalCounts | None) -> str | None:
    if column is None:
        return "it was not counted against the champion's reference"
    if isinstance(part, Edges):
        fits = isinstance(column, ContinuousCounts) and len(column.bins) == part.size - 1
        return None if fits else "it was counted in other bins than the reference's"
    fits = isinstance(column, CategoricalCounts) and set(column.levels) <= set(part.levels)
    return None if fits else "it was counted by other levels than the reference's"


def _column_of(counted: ReferenceCounts, name: str) -> ContinuousCounts | CategoricalCounts | None:
    return counted.continuous.get(name) or counted.categorical.get(name)


def _against_reference(
    counted: ReferenceCounts, model: ModelDescription, reference: Reference
) -> Iterator[QualityFailure]:
    for part in reference.layout.parts:
        name = part.feature
        history = reference.history.features[name]
        column = _column_of(counted, name)
        if column is None:
            continue
        if history.dominant < NEARLY_CONSTANT and _is_constant(column):
            yield _share("constant", name, 1, NEARLY_CONSTANT, "agree")
        if isinstance(column, CategoricalCounts) and part.kind == "categorical":
            contract = model.quality.get(name)
            stated = contract.unseen if contract is not None else None
            bound = max(model.drift.max_unseen, history.unseen) if stated is None else stated
            share = column.unseen / counted.rows
            if share > bound:
                yield _share("unseen", name, share, bound, "hold unseen levels")


def _is_constant(column: ContinuousCounts | CategoricalCounts) -> bool:
    if isinstance(column, ContinuousCounts):
        return column.minimum is not None and column.minimum == column.maximum
    cells = [*column.levels.values(), column.other]
    return sum(cells) > 0 and sum(1 for cell in cells if cell) == 1
