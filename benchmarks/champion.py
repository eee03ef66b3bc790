"""A champion of a real size put into a running stack: its bundle, its reference, its alias.

Owns what a training would have left behind. Whoever asks is told once the scorers serve it: a
version that could not be loaded scores nothing, and a load that scores nothing is none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import numpy as np

from benchmarks.scoring import network, predict_of
from benchmarks.streams import Rows, window_of
from benchmarks.watching import Eyes, said
from evermodel.artefact.bundle import Manifest, digest_of, features_of, write_manifest
from evermodel.artefact.export import write_bundle
from evermodel.common.events.catalogue import MODEL_VALIDATED, SERVING_APPLIED
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId, ModelName, ReferenceId
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_model
from evermodel.lake.layout import reference_folder
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.tracking.client import connect

#: Rows of each of the days that the reference is made of.
REFERENCE_DAYS, REFERENCE_ROWS = 14, 2_000
NOW = datetime(2018, 6, 1, tzinfo=UTC)


def columns_of(model: ModelDescription, rng: np.random.Generator, *, rows: int) -> Rows:
    """Return `rows` rows of the model's features; the same distribution each time."""
    columns = {n: rng.lognormal(2, 1, rows).round(2) for n in model.features.continuous}
    columns |= {n: (rng.random(rows) < 0.2).astype(np.float64) for n in model.features.flag}
    return {name: values.astype(np.float32) for name, values in columns.items()}


@dataclass(frozen=True)
class Installer:
    """Puts champions of models that differ in nothing but their name where services find them."""

    broker: KafkaBroker
    mlflow_uri: str
    lake: Path
    work: Path

    def install(self, files: Mapping[str, Path]) -> None:
        """Make version 1 the champion of each model, whose descriptions lie in `files`.

        Raises:
            RuntimeError: a scorer could not load one.
            TimeoutError: none said that it serves.
        """
        models = {name: read_model(file) for name, file in files.items()}
        first = next(iter(models.values()))
        reference = _reference(first)
        bundle = _bundle(self.work / "bundle", first, reference)
        eyes = Eyes(self.broker, [SERVING_APPLIED.name])
        try:
            events = [self._validated(m, bundle, reference) for m in models.values()]
            self.broker.publish(
                said(event, topic=MODEL_VALIDATED.name, event_id=f"first-{event.model}", time=NOW)
                for event in events
            )
            for name in models:
                _serves(eyes, name)
        finally:
            eyes.close()

    def _validated(
        self, model: ModelDescription, bundle: Path, reference: Reference
    ) -> ModelValidated:
        reference.save(self.lake / reference_folder(model.name, reference.reference_id))
        own = self.work / model.name
        copytree(bundle, own)
        write_manifest(own, _manifest(model, reference))
        run = self._stored(own)
        artefact = Artefact(
            uri=f"runs:/{run}/bundle",
            digest=digest_of(own),
            threshold=0.99,
            reference_id=ReferenceId(reference.reference_id),
        )
        return ModelValidated(
            model=ModelName(model.name),
            verdict="accepted",
            reasons=("benchmark",),
            gates=(),
            trained_by=EventId(f"trained-{model.name}"),
            champion=None,
            version=1,
            model_uri=f"models:/{model.name}/1",
            run_id=run,
            artefact=artefact,
        )

    def _stored(self, bundle: Path) -> str:
        """Return the run that has `bundle`, which is registered as version 1 of its model."""
        store = connect(self.mlflow_uri)
        run = store.create_run(store.create_experiment(bundle.name)).info.run_id
        store.log_artifacts(run, str(bundle), "bundle")
        store.create_registered_model(bundle.name)
        store.create_model_version(bundle.name, source=f"runs:/{run}/bundle", run_id=run)
        return str(run)


def _serves(eyes: Eyes, model: str) -> None:
    _, record = eyes.until(lambda r: json.loads(r.value or b"{}").get("model") == model)
    versions = json.loads(record.value or b"{}")["versions"]
    if [version["state"] for version in versions] != ["ready"]:
        raise RuntimeError(f"the champion of {model} is not served: {versions}")


def _reference(model: ModelDescription) -> Reference:
    rng, names = np.random.default_rng(7), model.features
    schema = Schema(continuous=names.continuous, flag=names.flag, season="none")
    rows = (columns_of(model, rng, rows=REFERENCE_ROWS) for _ in range(REFERENCE_DAYS))
    days = [window_of(columns, day=day) for day, columns in enumerate(rows)]
    return build_reference(days, schema=schema, min_rows=100)


def _manifest(model: ModelDescription, reference: Reference) -> Manifest:
    return Manifest(
        model=ModelName(model.name),
        features=features_of(model.features),
        threshold=0.99,
        reference_id=ReferenceId(reference.reference_id),
    )


def _bundle(path: Path, model: ModelDescription, reference: Reference) -> Path:
    owner = network(1, width=len(model.features.names))
    predict = predict_of(owner, model.features.names)
    write_bundle(path, manifest=_manifest(model, reference), predict=predict, owner=owner)
    return path
