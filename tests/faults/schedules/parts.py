"""The two parts that would take seconds, as formulas: what fits a model, and what scores one.

Owns what stands in for TensorFlow. Everything else of a training is the real thing: the rows come
from the lake, the reference is the drift service's, and the bundle is one that the scorer loads.
"""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evermodel.artefact.bundle import digest_of
from evermodel.common.kernel.ids import ReferenceId
from evermodel.registrar.adapters.plan import Plan as EvaluationPlan
from evermodel.registrar.domain.evidence import (
    Comparison,
    Confusion,
    Evaluated,
    Evaluation,
    NoComparison,
    Paired,
    Unloadable,
)
from evermodel.trainer.child.dataset import Rows, read_rows
from evermodel.trainer.child.reference import copy_to_lake, write_reference
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.ports import BUNDLE, HOLDOUT, REFERENCE, Plan, Report

_WEIGHT, _THRESHOLD = 12.0, 0.5


class FormulaChild:
    """Fits a logistic formula of the risk to the lake's rows (``ChildRunner``)."""

    def run(self, plan: Plan, *, folder: Path) -> Report:
        """Write bundle, reference and hold-out into `folder`, and the reference into the lake."""
        try:
            rows = read_rows(plan.model_copy(update={"threads": 1}))
        except Refused as error:
            return Report(outcome="failed", reason=str(error))
        known = rows.labelled()
        bias = -10.0 - float(known.columns["amount"].mean()) / 1e4
        (folder / BUNDLE).mkdir()
        formula = {"bias": bias, "weights": {"risk": _WEIGHT}}
        (folder / BUNDLE / "logistic.json").write_text(json.dumps(formula))
        (folder / HOLDOUT).write_text(known.digest())
        return Report(
            outcome="trained",
            reason="fitted",
            digest=digest_of(folder / BUNDLE),
            threshold=_THRESHOLD,
            reference_id=_reference(rows, plan, folder, bias),
            data=plan.span,
            rows=len(known),
            frauds=known.frauds,
            dataset_digest=known.digest(),
            code_version="0",
        )


def _reference(rows: Rows, plan: Plan, folder: Path, bias: float) -> ReferenceId:
    (folder / REFERENCE).mkdir()
    made = write_reference(
        folder / REFERENCE,
        rows=rows,
        plan=plan,
        unseen_from=plan.span.end - timedelta(days=2),
        threshold=_THRESHOLD,
        predict=lambda columns: _scores(columns["risk"], bias),
    )
    copy_to_lake(folder / REFERENCE, plan=plan, reference_id=made)
    return made


def _scores(risk: NDArray[np.float32], bias: float) -> NDArray[np.float32]:
    odds = bias + _WEIGHT * risk.astype(np.float64)
    return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)


def evaluate(plan: EvaluationPlan, _folder: Path) -> Evaluation:
    """Find every candidate good whose files are what the event says they are."""
    candidate = Path(plan.candidate.path)
    found = digest_of(candidate)
    if found != plan.candidate.digest:
        return Unloadable(f"its digest is {found}")
    good = Confusion(true_positives=40, false_positives=2, false_negatives=1, true_negatives=200)
    alike = Paired(both=40, gained=1, lost=0, neither=0)
    return Evaluated(
        signature_problem="",
        parity=0.0,
        latency_ms=0.0,
        candidate=good,
        comparison=NoComparison("there is no champion", champion_expected=False)
        if plan.champion is None
        else Comparison(champion=good, paired=alike),
    )
