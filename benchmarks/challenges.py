"""Two honest versions on real or generated payments, and what each thinks of every row.

In a world that stays as it is, or in one that moved after the champion had learnt: the demo's, with
the demo's spans. There the challenger has learnt one day of the new world, and its threshold there.

Both are boosted trees on the features of ``model.toml``, fitted on different days with different
seeds: an honest challenger agrees with its champion as a retrained model does, not as a copy. The
days played are after all days learnt from. A skew changes the amount before the challenger sees
it, as a serving path in another currency, or one that rounds, would.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.demo.generator import generate
from evermodel.demo.world import NightRaids, PriceLevel, World
from evermodel.drift.domain.pairing import groups_of
from evermodel.trainer.child.figures import threshold_of

EXAMPLES = Path(__file__).parents[1] / "examples"
SKEWED = "TX_AMOUNT"
TREES = {"max_iter": 100, "learning_rate": 0.06, "max_leaf_nodes": 31, "l2_regularization": 5.0}

Span = tuple[int, int]
Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The rows of the days that are played, in order, and what both versions think of them."""

    model: ModelDescription
    days: Whole
    entities: tuple[str, ...]
    entity: Whole
    frauds: npt.NDArray[np.bool_]
    champion: Floats
    challenger: Floats
    skewed: dict[float, Floats]
    thresholds: tuple[float, float]

    @cached_property
    def groups(self) -> Whole:
        """The windower's group of each row's entity."""
        return groups_of(self.entities)[self.entity]

    @property
    def starts(self) -> range:
        """The days on which a rollout can begin and still be played to the end of its watch."""
        rollout = self.model.rollout
        needed = (len(rollout.steps) + 1) * rollout.min_duration + rollout.label_horizon
        return range(int(self.days.min()), int(self.days.max()) + 1 - needed // timedelta(days=1))


def blunted(stage: Stage) -> Stage:
    """Return the same with a challenger that alerts on half as many rows."""
    alerted = stage.challenger[stage.challenger >= stage.thresholds[1]]
    return replace(stage, thresholds=(stage.thresholds[0], float(np.median(alerted))))


def turned(stage: Stage) -> Stage:
    """Return the same rows with the two versions' parts swapped; it has no skews."""
    return replace(
        stage,
        champion=stage.challenger,
        challenger=stage.champion,
        skewed={},
        thresholds=(stage.thresholds[1], stage.thresholds[0]),
    )


def stage(data: Path | None, *, skews: tuple[float, ...]) -> Stage:
    """Return the payments of `data`, or generated ones, scored by both versions."""
    name, rows = _rows(data)
    (model,) = read_models(str(EXAMPLES / name / "model.toml")).values()
    day = _day(rows)
    first, last = (38, 90) if name == "handbook" else (0, int(day.max()))
    cuts = [first + round(share * (last + 1 - first)) for share in (0.1, 0.28, 0.37, 0.42)]
    budget = 1 - model.decision.alert_budget
    return _played(
        model,
        rows,
        learnt=((first, cuts[1]), (cuts[0], cuts[2])),
        tuned=((cuts[2], cuts[3]), (cuts[2], cuts[3])),
        played=(cuts[3], last + 1),
        threshold=lambda scores, _: float(np.quantile(scores, budget)),
        skews=skews,
    )


def moved(seed: int) -> Stage:
    """Return generated payments after amounts and frauds have moved, as the demo's do."""
    happenings = (PriceLevel(day=28, factor=1.35), NightRaids(day=28))
    (model,) = read_models(str(EXAMPLES / "demo" / "model.toml")).values()
    return _played(
        model,
        generate(World(days=48, seed=seed, happenings=happenings)),
        learnt=((0, 14), (15, 29)),
        tuned=((14, 16), (29, 31)),
        played=(35, 48),
        threshold=partial(threshold_of, budget=model.decision.alert_budget),
        skews=(),
    )


def _played(
    model: ModelDescription,
    rows: pl.DataFrame,
    *,
    learnt: tuple[Span, Span],
    tuned: tuple[Span, Span],
    played: Span,
    threshold: Callable[[Floats, npt.NDArray[np.int8]], float],
    skews: tuple[float, ...],
) -> Stage:
    day = _day(rows)
    matrix, labels = _matrix(rows, model), rows["TX_FRAUD"].cast(pl.Int8).to_numpy()

    def within(span: Span) -> npt.NDArray[np.bool_]:
        return np.asarray((day >= span[0]) & (day < span[1]))

    fitted, thresholds = [], []
    for seed, (learn, tune) in enumerate(zip(learnt, tuned, strict=True), start=1):
        fitted.append(_fit(matrix[within(learn)], labels[within(learn)] == 1, seed=seed))
        scores = _scores(fitted[-1], matrix[within(tune)])
        thresholds.append(threshold(scores, labels[within(tune)]))
    show = within(played)
    shown = matrix[show]
    who, entity = np.unique(rows.filter(show)["CUSTOMER_ID"].to_numpy(), return_inverse=True)
    return Stage(
        model=model,
        days=day[show],
        entities=tuple(map(str, who.tolist())),
        entity=entity,
        frauds=labels[show] == 1,
        champion=_scores(fitted[0], shown),
        challenger=_scores(fitted[1], shown),
        skewed={by: _scores(fitted[1], _skewed(shown, model, by)) for by in skews},
        thresholds=(thresholds[0], thresholds[1]),
    )


def _rows(data: Path | None) -> tuple[str, pl.DataFrame]:
    if data is None:
        return "demo", generate(World(days=60, seed=7))
    return "handbook", pl.read_parquet(data)


def _day(rows: pl.DataFrame) -> Whole:
    since = (rows["TX_DATETIME"] - rows["TX_DATETIME"].min()).dt.total_seconds()
    return since.to_numpy().astype(np.int64) // 86_400


def _matrix(rows: pl.DataFrame, model: ModelDescription) -> npt.NDArray[np.float32]:
    names = (*model.features.continuous, *model.features.flag)
    return np.stack([rows[name].cast(pl.Float32).to_numpy() for name in names], axis=1)


def _skewed(
    matrix: npt.NDArray[np.float32], model: ModelDescription, by: float
) -> npt.NDArray[np.float32]:
    changed = matrix.copy()
    changed[:, model.features.continuous.index(SKEWED)] *= by
    return changed


def _fit(matrix: npt.NDArray[np.float32], frauds: npt.NDArray[np.bool_], *, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # seconds

    return HistGradientBoostingClassifier(random_state=seed, **TREES).fit(matrix, frauds)


def _scores(fitted: Any, matrix: npt.NDArray[np.float32]) -> Floats:
    return np.asarray(fitted.predict_proba(matrix)[:, 1], dtype=np.float64)
