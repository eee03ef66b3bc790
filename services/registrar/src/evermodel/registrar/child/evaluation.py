"""Scores the hold-out with exported bundles and counts.

Owns the counting; TensorFlow comes in through ``evermodel.artefact`` and only where this runs:
the bounded child. Must never judge.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import BadBundle
from evermodel.artefact.columns import BadColumns
from evermodel.artefact.holdout import Holdout, read_holdout
from evermodel.artefact.scoring import Scorer, Unusable, load
from evermodel.common.models.description import ModelDescription
from evermodel.registrar.adapters.plan import Bundle, Plan, Result
from evermodel.registrar.child.slicing import parts_of
from evermodel.registrar.domain.evidence import (
    Comparison,
    Confusion,
    Evaluated,
    NoComparison,
    Paired,
    Slice,
    Unloadable,
)

Flags = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]

#: TensorFlow's, of this process.
THREADS = 1
#: The batch that the latency bound of ``model.toml`` speaks of.
LATENCY_ROWS = 256
_LATENCY_CALLS = 9


def evaluate(plan: Plan) -> Result:
    """Return the evidence on the candidate of `plan`."""
    try:
        candidate = _load(plan.candidate)
        rows = read_holdout(Path(plan.holdout), features=candidate.manifest.features)
        scores = candidate.score(rows.columns)
    except KeyError as error:
        return Unloadable(f"the hold-out lacks a column that the bundle wants: {error}")
    except (BadBundle, BadColumns, Unusable) as error:
        return Unloadable(str(error))
    alerts, frauds = candidate.alerts(scores), rows.labels == 1
    return Evaluated(
        signature_problem=signature_problem(candidate, plan.model),
        parity=float(np.abs(scores - rows.scores).max()) if len(scores) else None,
        latency_ms=_latency_ms(candidate, rows),
        candidate=confusion_of(alerts, frauds=frauds),
        comparison=_compare(plan, rows=rows, alerts=alerts, frauds=frauds),
    )


def signature_problem(candidate: Scorer, model: ModelDescription) -> str:
    """Return how the bundle's inputs differ from what `model` describes, empty when not."""
    features = model.features
    wanted = {(name, features.kind(name)) for name in features.names}
    found = {(feature.name, feature.kind) for feature in candidate.manifest.features}
    odd = sorted({name for name, _ in wanted ^ found})
    return f"bundle and model.toml differ in: {', '.join(odd)}" if odd else ""


def confusion_of(alerts: Flags, *, frauds: Flags) -> Confusion:
    """Return the four counts."""
    return Confusion(
        true_positives=int((alerts & frauds).sum()),
        false_positives=int((alerts & ~frauds).sum()),
        false_negatives=int((~alerts & frauds).sum()),
        true_negatives=int((~alerts & ~frauds).sum()),
    )


def highest(scores: Scores, *, count: int) -> Flags:
    """Return which rows the `count` highest scores are; among equals the earlier row."""
    chosen = np.zeros(len(scores), dtype=np.bool_)
    chosen[np.argsort(-scores, kind="stable")[:count]] = True
    return chosen


def paired_of(champion: Flags, *, challenger: Flags, frauds: Flags) -> Paired:
    """Return the frauds by who alerts them."""
    return Paired(
        both=int((frauds & champion & challenger).sum()),
        gained=int((frauds & ~champion & challenger).sum()),
        lost=int((frauds & champion & ~challenger).sum()),
        neither=int((frauds & ~champion & ~challenger).sum()),
    )


def _load(bundle: Bundle) -> Scorer:
    return load(Path(bundle.path), expect_digest=bundle.digest, threads=THREADS)


def _compare(
    plan: Plan, *, rows: Holdout, alerts: Flags, frauds: Flags
) -> Comparison | NoComparison:
    if plan.champion is None:
        return plan.without_champion()
    try:
        champion = _load(plan.champion)
        # Another model.toml may have trained it: it takes its own columns or none.
        own = read_holdout(Path(plan.holdout), features=champion.manifest.features)
        scores = champion.score(own.columns)
    except KeyError as error:
        return NoComparison(
            f"the champion wants a column that is gone: {error}", champion_expected=True
        )
    except (BadBundle, BadColumns, Unusable) as error:
        return NoComparison(f"the champion cannot be compared: {error}", champion_expected=True)
    granted = highest(scores, count=int(alerts.sum()))
    return Comparison(
        champion=confusion_of(champion.alerts(scores), frauds=frauds),
        paired=paired_of(granted, challenger=alerts, frauds=frauds),
        slices=_slices(plan.model, rows, champion=granted, challenger=alerts, frauds=frauds),
    )


def _slices(
    model: ModelDescription, rows: Holdout, *, champion: Flags, challenger: Flags, frauds: Flags
) -> tuple[Slice, ...]:
    return tuple(
        Slice(
            column=column,
            level=level,
            paired=paired_of(champion, challenger=challenger, frauds=frauds & part),
        )
        for column in model.gates.slices
        if column in rows.columns
        for level, part in parts_of(rows.columns[column], frauds=frauds)
    )


def _latency_ms(candidate: Scorer, rows: Holdout) -> float | None:
    """Return the fastest of several calls: a busy machine must not turn a verdict."""
    if not len(rows.labels):
        return None
    batch = {name: np.resize(column, LATENCY_ROWS) for name, column in rows.columns.items()}
    took = []
    for _ in range(_LATENCY_CALLS):
        started = perf_counter()
        candidate.score(batch)
        took.append(perf_counter() - started)
    return min(took) * 1000
