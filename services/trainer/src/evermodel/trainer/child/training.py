"""One training from plan to report: read, split, fit, calibrate, judge, export.

Refuses rather than make a bad model: too few rows, one class, a loss that is not a number, a
model that gives every row one score, an export that answers differently.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from evermodel.artefact.bundle import Manifest, features_of
from evermodel.artefact.export import write_bundle
from evermodel.artefact.holdout import Holdout, write_holdout
from evermodel.artefact.scoring import load
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.events.payload import Span
from evermodel.common.events.training import Metric
from evermodel.trainer.child.dataset import Rows, read_rows, time_of
from evermodel.trainer.child.figures import metrics_of, threshold_of
from evermodel.trainer.child.fitting import Predictor, batch_size, fit, platt, predictor
from evermodel.trainer.child.inputs import learn_inputs
from evermodel.trainer.child.network import build_network, import_keras
from evermodel.trainer.child.pictures import draw
from evermodel.trainer.child.reference import copy_to_lake, write_reference
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.domain.enough import LEAST_OF_A_CLASS, LEAST_ROWS, LEAST_TO_CALIBRATE
from evermodel.trainer.domain.spans import Splits, split
from evermodel.trainer.ports import BUNDLE, HOLDOUT, PLOTS, REFERENCE, Plan, Report

#: An exported model may differ from the trained one by rounding, not by more.
PARITY = 1e-6

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """All rows of the plan, and the labelled ones by what they are for."""

    rows: Rows
    splits: Splits
    teach: Rows
    calibrate: Rows
    held: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trained:
    """A calibrated network, what it answers, and the loss it ended with."""

    network: Any
    predict: Predictor
    threshold: float
    loss: float


def train(plan: Plan, *, folder: Path, say: Say) -> Report:
    """Carry out `plan`, artefacts into `folder`; `say` hears what is being done.

    Raises:
        Refused: nothing may be made of it; the message says why.
        Transient: the lake does not answer.
    """
    material = _read(plan, say)
    trained = _trained(material, plan, say)
    manifest, digest = _exported(material, trained, plan, folder)
    held = material.held
    scores = trained.predict(held.columns)
    _check_parity(folder / BUNDLE, digest, held, scores, plan)
    _write_holdout(folder / HOLDOUT, held, scores)
    draw(folder / PLOTS, scores=scores, labels=held.labels, threshold=trained.threshold)
    copy_to_lake(folder / REFERENCE, plan=plan, reference_id=manifest.reference_id)
    say("done")
    metrics = metrics_of(scores, held.labels, threshold=trained.threshold, seed=plan.seed)
    return _report(material, trained, manifest, plan, digest=digest, metrics=metrics)


def _read(plan: Plan, say: Say) -> _Material:
    """Read and split, while TensorFlow is imported: that and DuckDB's reading overlap."""
    warming = threading.Thread(target=_warm, kwargs={"threads": plan.threads})
    warming.start()
    try:
        rows = read_rows(plan)
        say(f"{len(rows)} rows, {rows.frauds} frauds")
        splits = _splits(rows, plan)
        teach, calibrate, held = _parts(rows, splits)
    finally:
        warming.join()
    return _Material(rows=rows, splits=splits, teach=teach, calibrate=calibrate, held=held)


def _trained(material: _Material, plan: Plan, say: Say) -> _Trained:
    tf = start_tensorflow(threads=plan.threads)
    network, loss = _fitted(tf, material.teach, plan, say)
    predict, threshold = _calibrated(tf, network, material.calibrate, plan)
    _refuse_one_score(predict, material.calibrate)
    return _Trained(network=network, predict=predict, threshold=threshold, loss=loss)


def _exported(
    material: _Material, trained: _Trained, plan: Plan, folder: Path
) -> tuple[Manifest, str]:
    """Write the drift reference and the bundle that names it; return manifest and digest."""
    reference_id = write_reference(
        folder / REFERENCE,
        rows=material.rows,
        plan=plan,
        unseen_from=material.splits.calibrate_from,
        threshold=trained.threshold,
        predict=trained.predict,
    )
    manifest = Manifest(
        model=plan.model.name,
        features=features_of(plan.model.features),
        threshold=trained.threshold,
        reference_id=reference_id,
        seed=plan.seed,
        code_version=version("evermodel-trainer"),
        dataset_digest=material.rows.labelled().digest(),
    )
    digest = write_bundle(
        folder / BUNDLE,
        manifest=manifest,
        predict=trained.network.probability,
        owner=trained.network,
        threads=plan.threads,
    )
    return manifest, digest


def _report(
    material: _Material,
    trained: _Trained,
    manifest: Manifest,
    plan: Plan,
    *,
    digest: str,
    metrics: tuple[Metric, ...],
) -> Report:
    labelled = material.rows.labelled()
    return Report(
        outcome="trained",
        reason=f"trained on {len(material.teach)} rows, held out {len(material.held)}",
        digest=digest,
        threshold=trained.threshold,
        reference_id=manifest.reference_id,
        data=Span(start=time_of(material.rows.times[0]), end=plan.span.end),
        rows=len(labelled),
        frauds=labelled.frauds,
        dataset_digest=manifest.dataset_digest,
        code_version=manifest.code_version,
        metrics=metrics,
        parameters=_parameters(plan, material.splits, material.teach, trained.loss),
    )


def _warm(*, threads: int) -> None:
    """Start both early. What goes wrong is told by whoever needs it, not by a thread."""
    with suppress(Exception):
        start_tensorflow(threads=threads)
        import_keras()


def _splits(rows: Rows, plan: Plan) -> Splits:
    if not len(rows):
        raise Refused("no rows in the training span")
    policy = plan.model.training
    return split(
        start=time_of(rows.times[0]),
        end=plan.span.end,
        calibration=policy.calibration,
        holdout=policy.holdout,
        step=plan.model.windows.length,
        onset=plan.onset,
    )


def _parts(rows: Rows, splits: Splits) -> tuple[Rows, Rows, Rows]:
    """Return the labelled rows to learn from, to calibrate on and to hold out."""
    labelled = rows.labelled()
    if not len(labelled):
        raise Refused(f"none of {len(rows)} rows has a label")
    teach = labelled.between(splits.start, splits.calibrate_from)
    calibrate = labelled.between(splits.calibrate_from, splits.hold_out_from)
    held = labelled.between(splits.hold_out_from, splits.end)
    if len(teach) < LEAST_ROWS:
        raise Refused(f"too few labelled rows to learn from: {len(teach)}, need {LEAST_ROWS}")
    for name, part, least in (
        ("to learn from", teach, LEAST_OF_A_CLASS),
        ("to calibrate on", calibrate, LEAST_TO_CALIBRATE),
    ):
        genuine = len(part) - part.frauds
        if min(part.frauds, genuine) < least:
            raise Refused(
                f"too few of one class {name}: {part.frauds} frauds and {genuine} genuine, "
                f"need {least} of each"
            )
    if not len(held):
        raise Refused("no labelled rows to hold out")
    return teach, calibrate, held


def _fitted(tf: Any, teach: Rows, plan: Plan, say: Say) -> tuple[Any, float]:
    policy = plan.model.training
    inputs = learn_inputs(teach.columns, features_of(plan.model.features))
    network = build_network(tf, inputs=inputs, policy=policy, seed=plan.seed)
    loss = fit(
        tf, network, columns=teach.columns, labels=teach.labels, policy=policy, seed=plan.seed
    )
    say(f"fitted: loss {loss:.5f}")
    return network, loss


def _calibrated(tf: Any, network: Any, calibrate: Rows, plan: Plan) -> tuple[Predictor, float]:
    logits = predictor(tf, lambda raw: network.logits(*network.encode(raw), training=False))
    found = logits(calibrate.columns).astype(np.float64)
    if not np.isfinite(found).all():
        raise Refused("the model's answers are not numbers")
    slope, offset = platt(found, calibrate.labels)
    network.slope.assign(slope)
    network.offset.assign(offset)
    predict = predictor(tf, network.probability)
    threshold = threshold_of(
        predict(calibrate.columns), calibrate.labels, budget=plan.model.decision.alert_budget
    )
    return predict, threshold


def _refuse_one_score(predict: Predictor, calibrate: Rows) -> None:
    scores = predict(calibrate.columns)
    if scores.min() == scores.max():
        raise Refused("the model gives every row the same score: it learned nothing")


def _check_parity(bundle: Path, digest: str, held: Rows, scores: Any, plan: Plan) -> None:
    exported = load(bundle, expect_digest=digest, threads=plan.threads).score(held.columns)
    apart = float(np.abs(exported - scores).max())
    if apart > PARITY:
        raise Refused(f"the exported model answers differently by {apart:.2g}")


def _write_holdout(path: Path, held: Rows, scores: Any) -> None:
    write_holdout(
        path,
        Holdout(
            ids=tuple(held.ids.tolist()),
            times=tuple(time_of(at) for at in held.times),
            labels=held.labels,
            scores=scores,
            columns=held.columns,
        ),
    )


def _parameters(plan: Plan, splits: Splits, teach: Rows, loss: float) -> dict[str, str]:
    policy = plan.model.training
    return {
        "seed": str(plan.seed),
        "as_of": plan.as_of.isoformat(),
        "onset": plan.onset.isoformat() if plan.onset else "none",
        "train_from": splits.start.isoformat(),
        "calibrate_from": splits.calibrate_from.isoformat(),
        "hold_out_from": splits.hold_out_from.isoformat(),
        "hold_out_until": splits.end.isoformat(),
        "features": ", ".join(plan.model.features.names)[:6000],
        "epochs": str(policy.epochs),
        "batch_size": str(batch_size(len(teach), policy=policy)),
        "hidden": "x".join(map(str, policy.hidden)),
        "dropout": str(policy.dropout),
        "learning_rate": str(policy.learning_rate),
        "weight_decay": str(policy.weight_decay),
        "alert_budget": str(plan.model.decision.alert_budget),
        "train_rows": str(len(teach)),
        "loss": f"{loss:.6f}",
    }
