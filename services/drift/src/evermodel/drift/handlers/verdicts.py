"""What a ruling says: the event ``drift.detected``, with its sentence and every number.

Owns the words. Must never rule: what it says was decided elsewhere.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.drift import (
    DriftDetected,
    FeatureEvidence,
    PerformanceEvidence,
    PredictionEvidence,
)
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import QualityFailure
from evermodel.common.kernel.ids import EpisodeId, ReferenceId, lifecycle_of
from evermodel.common.messaging.api import Emit
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.episodes import Ruling
from evermodel.drift.domain.standing import ModelState

#: Version of the rule, with what its digest is made of: another of either is another name.
_RULE = "rule-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Every number of one judgement."""

    span: Span
    rows: int
    features: tuple[FeatureEvidence, ...] = ()
    prediction: PredictionEvidence | None = None
    performance: tuple[PerformanceEvidence, ...] = ()
    failures: tuple[QualityFailure, ...] = ()
    lake: tuple[str, ...] = ()

    @property
    def flagged(self) -> tuple[str, ...]:
        """The features over their gate."""
        return tuple(f.feature for f in self.features if f.flagged)


def verdict(
    state: ModelState, model: ModelDescription, ruling: Ruling, evidence: Evidence, *, now: datetime
) -> Emit:
    """Return the event that says `ruling`, with every number it rests on."""
    name = f"{model.name}/{ruling.episode.name}"
    payload = DriftDetected(
        model=model.name,
        window=evidence.span,
        episode_id=EpisodeId(name),
        cause=ruling.cause,
        severity=ruling.severity,
        onset=ruling.episode.onset,
        features=evidence.flagged,
        rows=evidence.rows,
        reference_id=None if state.reference_id is None else ReferenceId(state.reference_id),
        champion=state.champion,
        policy=policy_name(model),
        reason=_sentence(ruling, evidence),
        evidence=evidence.features,
        prediction=evidence.prediction,
        performance=evidence.performance,
        failures=evidence.failures,
        lake=evidence.lake,
    )
    identity = f"{name}/{ruling.cause}/{ruling.severity}/{now.isoformat()}"
    return Emit(payload=payload, time=now, identity=identity, lifecycle_id=lifecycle_of(name))


def policy_name(model: ModelDescription) -> str:
    """Return the rule's version and a digest of all its parameters."""
    parameters = {
        "drift": model.drift.model_dump(mode="json"),
        "windows": model.windows.model_dump(mode="json"),
        "quality": {name: column.model_dump() for name, column in model.quality.items()},
        "label_delay": model.stream.label_delay.total_seconds(),
        "regime": model.training.regime.total_seconds(),
    }
    spelt = json.dumps(parameters, sort_keys=True)
    return f"{_RULE}/{hashlib.sha256(spelt.encode()).hexdigest()[:12]}"


def _sentence(ruling: Ruling, evidence: Evidence) -> str:
    match ruling.severity, ruling.cause:
        case "cleared", _:
            return f"over: {ruling.why}"
        case _, "quality":
            return "the input is broken: " + "; ".join(
                f"{f.column or 'rows'}: {f.detail}" for f in evidence.failures
            )
        case _, "feature":
            moved = sorted((f for f in evidence.features if f.flagged), key=lambda f: -f.effect)
            named = ", ".join(f"{f.feature} by {f.effect:.3f}" for f in moved[:5])
            return f"{named or 'features'} moved: {ruling.why}"
        case _, "prediction" if evidence.prediction is not None:
            p = evidence.prediction
            return f"alert rate {p.alert_rate:.4f} where {p.expected:.4f} was usual: {ruling.why}"
        case _:
            told = ", ".join(
                f"{p.metric} {p.observed:.3f} (at most {p.upper:.3f}) of promised {p.promised:.3f}"
                for p in evidence.performance
            )
            return f"{told or 'outcomes'}: {ruling.why}"
