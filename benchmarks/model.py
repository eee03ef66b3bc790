"""The network against boosted trees on the same rows, features and days.

On the handbook's data (``--data FILE``): train days 38 to 64, choose on 65 to 71, test on 79 to
90. Without, the demo's generator makes the payments, and the days are cut in the same
proportions. The peer is scikit-learn's histogram gradient boosting, as it comes and
as the best of three tuned settings on the choice days. Average precision, higher is better.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, Figures
from evermodel.artefact.bundle import features_of
from evermodel.artefact.columns import prepare
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.models.description import FeaturesSection
from evermodel.common.models.policy import TrainingSection
from evermodel.demo.generator import generate
from evermodel.demo.world import World
from evermodel.trainer.child.fitting import fit, predictor
from evermodel.trainer.child.inputs import learn_inputs
from evermodel.trainer.child.network import build_network

WINDOWS = ("1DAY", "7DAY", "30DAY")
FEATURES = FeaturesSection(
    continuous=(
        "TX_AMOUNT",
        *(f"CUSTOMER_ID_{kind}_{w}_WINDOW" for kind in ("NB_TX", "AVG_AMOUNT") for w in WINDOWS),
        *(f"TERMINAL_ID_{kind}_{w}_WINDOW" for kind in ("NB_TX", "RISK") for w in WINDOWS),
    ),
    flag=("TX_DURING_WEEKEND", "TX_DURING_NIGHT"),
)
TUNED = (
    {"max_iter": 200, "learning_rate": 0.03, "max_leaf_nodes": 31, "l2_regularization": 5.0},
    {"max_iter": 300, "learning_rate": 0.02, "max_leaf_nodes": 15, "l2_regularization": 5.0},
    {"max_iter": 200, "learning_rate": 0.05, "max_leaf_nodes": 15, "l2_regularization": 10.0},
)

Labels = npt.NDArray[np.int8]
Part = tuple[dict[str, npt.NDArray[Any]], Labels]
Predict = Callable[[dict[str, npt.NDArray[Any]]], npt.NDArray[Any]]


def measure(*, quick: bool, data: Path | None = None) -> Figures:
    """Return average precision on the test days and seconds of fitting, ours and the peers'."""
    from sklearn.metrics import average_precision_score  # noqa: PLC0415  # seconds

    teach, choose, test = parts(data, quick=quick)

    def precision(predict: Predict, part: Part) -> float:
        return float(average_precision_score(part[1], predict(part[0])))

    (plain, plain_seconds) = timed(lambda: trees(teach, {}))
    tuned, tuned_seconds = timed(lambda: [trees(teach, settings) for settings in TUNED])
    best = max(tuned, key=lambda predict: precision(predict, choose))
    ours, ours_seconds = timed(lambda: network(teach, epochs=4 if quick else 12))
    found, peer = precision(ours, test), precision(best, test)
    return {
        "average_precision": Figure(
            found, "of 1", "the better of three tuned HistGradientBoosting", found / peer
        ),
        "average_precision_tuned_trees": Figure(peer, "of 1"),
        "average_precision_plain_trees": Figure(precision(plain, test), "of 1"),
        "average_precision_choice_days": Figure(precision(ours, choose), "of 1"),
        "fit_seconds": Figure(ours_seconds, "s"),
        "fit_seconds_tuned_trees": Figure(tuned_seconds / len(TUNED), "s"),
        "fit_seconds_plain_trees": Figure(plain_seconds, "s"),
        "rows_trained_on": Figure(float(len(teach[1])), "rows"),
    }


def parts(file: Path | None, *, quick: bool) -> tuple[Part, Part, Part]:
    """Return rows to learn from, to choose by, and to test on."""
    rows = generate(World(seed=7)) if file is None else pl.read_parquet(file)
    first = rows["TX_DATETIME"].min()
    days = ((rows["TX_DATETIME"] - first).dt.total_seconds() // 86_400).to_numpy()
    bounds = (38, 65, 72, 79, 91)
    if days.max() < bounds[-1] - 1:
        bounds = tuple(round(b * (days.max() + 1) / 91) for b in bounds)
    start = (bounds[0] + bounds[1]) // 2 if quick else bounds[0]
    spans = ((start, bounds[1]), (bounds[1], bounds[2]), (bounds[3], bounds[4]))
    teach, choose, test = (part(rows, (days >= a) & (days < b)) for a, b in spans)
    return teach, choose, test


def part(rows: pl.DataFrame, mask: npt.NDArray[np.bool_]) -> Part:
    """Return the chosen rows as the model takes them, with their labels."""
    chosen = rows.filter(pl.Series(mask))
    columns = {name: chosen[name].to_numpy() for name in FEATURES.names}
    labels = chosen["TX_FRAUD"].to_numpy().astype(np.int8)
    return prepare(columns, features=features_of(FEATURES)), labels


def network(teach: Part, *, epochs: int) -> Predict:
    """Return our network, fitted by the trainer's own code."""
    tf = start_tensorflow(threads=2)
    policy = TrainingSection(epochs=epochs)
    inputs = learn_inputs(teach[0], features_of(FEATURES))
    made = build_network(tf, inputs=inputs, policy=policy, seed=7)
    fit(tf, made, columns=teach[0], labels=teach[1], policy=policy, seed=7)
    return predictor(tf, made.probability)


def trees(teach: Part, settings: dict[str, Any]) -> Predict:
    """Return the peer, fitted; as it comes when `settings` is empty."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # seconds

    fitted = HistGradientBoostingClassifier(random_state=7, **settings)
    fitted.fit(_matrix(teach[0]), teach[1])
    return lambda columns: np.asarray(fitted.predict_proba(_matrix(columns))[:, 1])


def _matrix(columns: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
    return np.stack(list(columns.values()), axis=1)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns, and its seconds."""
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start
