"""Two honest versions on real or generated payments, and what each thinks of every row.

Both are boosted trees on the features of ``model.toml``, fitted on different days with different
seeds: an honest challenger agrees with its champion as a retrained model does, not as a copy. The
days played are after all days learnt from. A skew changes the amount before the challenger sees
it, as a serving path in another currency, or one that rounds, would.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.demo.generator import generate
from evermodel.demo.world import World
from evermodel.drift.domain.pairing import groups_of

EXAMPLES = Path(__file__).parents[1] / "examples"
SKEWED = "TX_AMOUNT"
TREES = {"max_iter": 100, "learning_rate": 0.06, "max_leaf_nodes": 31, "l2_regularization": 5.0}

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
    day = (rows["TX_DATETIME"] - rows["TX_DATETIME"].min()).dt.total_seconds().to_numpy() // 86_400
    first, last = (38, 90) if name == "handbook" else (0, int(day.max()))
    cuts = [first + round(share * (last + 1 - first)) for share in (0.1, 0.28, 0.37, 0.42)]
    matrix = _matrix(rows, model)
    frauds = rows["TX_FRAUD"].to_numpy() == 1
    learnt = ((first, cuts[1]), (cuts[0], cuts[2]))
    fitted = [
        _fit(matrix[(day >= a) & (day < b)], frauds[(day >= a) & (day < b)], seed=seed)
        for seed, (a, b) in enumerate(learnt, start=1)
    ]
    tuned = (day >= cuts[2]) & (day < cuts[3])
    played = (day >= cuts[3]) & (day <= last)
    budget = 1 - model.decision.alert_budget
    thresholds = [float(np.quantile(_scores(one, matrix[tuned]), budget)) for one in fitted]
    shown = matrix[played]
    who, entity = np.unique(rows.filter(played)["CUSTOMER_ID"].to_numpy(), return_inverse=True)
    return Stage(
        model=model,
        days=day[played].astype(np.int64),
        entities=tuple(map(str, who.tolist())),
        entity=entity,
        frauds=frauds[played],
        champion=_scores(fitted[0], shown),
        challenger=_scores(fitted[1], shown),
        skewed={by: _scores(fitted[1], _skewed(shown, model, by)) for by in skews},
        thresholds=(thresholds[0], thresholds[1]),
    )


def _rows(data: Path | None) -> tuple[str, pl.DataFrame]:
    if data is None:
        return "demo", generate(World(days=60, seed=7))
    return "handbook", pl.read_parquet(data)


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
