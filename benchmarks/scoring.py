"""The scorer's hot path: JSON in, two TensorFlow versions, decision, JSON out.

Models answer in the scoring process, as in production; beside it, in the scorer's own, as in the
twin: the difference is what the process costs.

The versions are the size of a trained one (two hidden layers of 256); the peer is the way that
needs no code: pandas and Keras' own ``predict`` per batch.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Figures
from benchmarks.timing import turn_about
from evermodel.artefact.bundle import Manifest, digest_of, features_of
from evermodel.artefact.export import write_bundle
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.ids import EventId, ModelName, ReferenceId
from evermodel.common.messaging.api import Held, ServiceSpec
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.folder_bundles import FolderDownload
from evermodel.scorer.adapters.process_scoring import ProcessScoring
from evermodel.scorer.adapters.tensorflow_scoring import TensorflowScoring
from evermodel.scorer.ports import Scoring
from evermodel.scorer.wiring import assemble

AMOUNTS = tuple(f"AMOUNT_{n:02d}" for n in range(13))
MODEL = ModelDescription.model_validate(
    {
        "model": {"name": "fraud"},
        "stream": {"time": "TIME", "label": "FRAUD", "id": "ID", "entity": "CARD"},
        "features": {"continuous": AMOUNTS, "flag": ("NIGHT", "WEEKEND")},
    }
)
BATCH = 1_000
VERSIONS = {1: ("champion", 80), 2: ("challenger", 20)}


def measure(*, quick: bool) -> Figures:
    """Return payments per second of wall time, with two versions loaded."""
    rows = 20_000 if quick else 100_000
    records = payments(rows)
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessScoring(home=Path(folder)) as process,
    ):
        networks = {version: network(version) for version in VERSIONS}
        spec = serving(Path(folder) / "beside", networks, scoring=process)
        inside = serving(Path(folder) / "inside", networks, scoring=TensorflowScoring())
        seconds = turn_about(
            {
                "ours": lambda: through(spec, records),
                "inside": lambda: through(inside, records),
                "keras": lambda: predicted(networks, records),
            }
        )
    return {
        "payments_per_second": Figure(rows / seconds["ours"], "payments/s"),
        "payments_per_second_one_process": Figure(
            rows / seconds["inside"],
            "payments/s",
            "models loaded in the scorer's own process, as the twin does",
            seconds["inside"] / seconds["ours"],
        ),
        "payments_per_second_keras": Figure(
            rows / seconds["keras"],
            "payments/s",
            "pandas and keras predict_on_batch, no transport form",
            seconds["keras"] / seconds["ours"],
        ),
    }


def payments(rows: int) -> list[Record]:
    """Return payments as they lie in ``transactions``."""
    amounts = np.round(np.random.default_rng(7).lognormal(2, 1, (rows, len(AMOUNTS))), 2)
    return [
        Record(
            topic="transactions",
            partition=row % 4,
            offset=row // 4,
            key=None,
            headers=(("ce_subject", b"fraud"),),
            value=json.dumps(
                {"ID": row, "TIME": "2018-06-12 10:00:00", "CARD": row % 5_000}
                | dict(zip(AMOUNTS, amounts[row].tolist(), strict=True))
                | {"NIGHT": row % 2, "WEEKEND": 0}
            ).encode(),
        )
        for row in range(rows)
    ]


def network(seed: int, *, width: int = len(MODEL.features.names)) -> Any:
    """Return an untrained Keras network of a trained one's shape, of `width` features."""
    import keras  # noqa: PLC0415  # seconds: only this benchmark pays

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.layers.Input((width,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def serving(folder: Path, networks: dict[int, Any], *, scoring: Scoring) -> ServiceSpec:
    """Return a scorer that serves both networks from real bundles."""
    folder.mkdir()
    played = [play(folder, version, owner) for version, owner in networks.items()]
    step = RolloutStep.model_validate(
        {"model": "fraud", "action": "advanced", "version": 2, "from_version": 1, "step": 1}
        | {"in_play": played, "stable_version": 1, "desired_version": 2, "reason": "benchmark"}
    )
    spec = assemble(
        models={"fraud": MODEL},
        bundles=CachedBundles(
            folder / "cache", download=FolderDownload(folder), digest_of=digest_of
        ),
        scoring=scoring,
    )
    meta = EventMeta(
        id=EventId("step"),
        type=RolloutStep.TYPE,
        source="/benchmark",
        subject="fraud",
        time=datetime(2018, 6, 12, tzinfo=UTC),
    )
    held = spec.tables[0].handler(step, meta)
    assert isinstance(held, Held)
    held.work()
    return spec


def play(folder: Path, version: int, owner: Any) -> dict[str, object]:
    """Write a network as a bundle and return its part in a rollout step."""
    role, weight = VERSIONS[version]
    manifest = Manifest(
        model=ModelName("fraud"),
        features=features_of(MODEL.features),
        threshold=0.5,
        reference_id=ReferenceId("none"),
    )
    path = folder / f"v{version}"
    digest = write_bundle(
        path, manifest=manifest, predict=predict_of(owner, MODEL.features.names), owner=owner
    )
    artefact = {"uri": str(path), "digest": digest, "threshold": 0.5, "reference_id": "none"}
    uri = f"models:/fraud/{version}"
    return {"version": version, "role": role, "weight": weight, "model_uri": uri} | {
        "artefact": artefact
    }


def predict_of(owner: Any, names: Sequence[str]) -> Callable[[Any], Any]:
    """Return what a bundle answers with the network `owner` on the features `names`."""
    import tensorflow as tf  # noqa: PLC0415  # as above

    def predict(raw: Any) -> Any:
        return owner(tf.math.log1p(tf.stack([raw[n] for n in names], axis=1)))[:, 0]

    return predict


def through(spec: ServiceSpec, records: list[Record]) -> int:
    """Hand the scorer its batches."""
    out = 0
    for start in range(0, len(records), BATCH):
        out += len(spec.batches[0].handler(records[start : start + BATCH]).records)
    return out


def predicted(networks: dict[int, Any], records: list[Record]) -> list[Any]:
    """Decode with pandas and predict with Keras, batch by batch; decide and encode nothing."""
    import pandas as pd  # noqa: PLC0415  # as above

    answers = []
    for start in range(0, len(records), BATCH):
        batch = [json.loads(record.value or b"") for record in records[start : start + BATCH]]
        inputs = np.log1p(pd.DataFrame(batch)[list(MODEL.features.names)].to_numpy("float32"))
        answers += [owner.predict_on_batch(inputs) for owner in networks.values()]
    return answers
