"""One verb per event: a trained model is judged, a rollout step changes its standing.

Owns the order of effects: judge, register, say so. Must never know MLflow or TensorFlow.
What was judged is kept before anything is registered, and again with its version: a redelivery
is never judged anew, for a slow machine might find otherwise what is a version already.
Registering comes before publishing and is looked up before it is made, so a crash between the
two finds its version again.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Name, Version
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import Artefact, ModelTrained
from evermodel.common.events.validation import GateResult, ModelValidated
from evermodel.common.kernel.errors import Foreign, Permanent
from evermodel.common.messaging.api import NOTHING, Emit, Held, Reaction
from evermodel.common.models.description import ModelDescription
from evermodel.registrar.domain import standing
from evermodel.registrar.domain.gate import Demand, Gate, Policy
from evermodel.registrar.domain.gates import ask
from evermodel.registrar.domain.verdict import Ruling, rule
from evermodel.registrar.ports import (
    Candidate,
    Case,
    Evaluator,
    Judgements,
    ModelRegistry,
    Registered,
    UnknownVersion,
)

_LOG = logging.getLogger(__name__)


class Registrar:
    """Judges candidates and keeps the registry."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        registry: ModelRegistry,
        judgements: Judgements,
        evaluator: Evaluator,
    ) -> None:
        self._models = models
        self._registry = registry
        self._judgements = judgements
        self._evaluator = evaluator

    def on_model_trained(self, event: ModelTrained, meta: EventMeta, /) -> Reaction | Held:
        """Judge the candidate beside the loop; a failed training left nothing to judge."""
        if event.outcome == "failed":
            return NOTHING
        model = self._models.get(event.model)
        if model is None:
            raise Foreign(f"no model.toml describes {event.model!r}")
        candidate, holdout = _candidate(event, meta)
        judge = partial(self._judge, event, model=model, candidate=candidate, holdout_uri=holdout)
        return Held(lambda: self._answer(event, meta, candidate, judge))

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta, /) -> Reaction | Held:
        """Bring aliases and quarantine to what the step says; they may hang on the network.

        A version that somebody deleted takes no alias; that is told when all else is done.
        """
        changes = standing.changes_of(
            event.action,
            version=event.version,
            stable=event.stable_version,
            challenger=next((v.version for v in event.in_play if v.role == "challenger"), None),
            quarantined=event.quarantined,
            reason=event.reason,
        )

        def apply() -> Reaction:
            unknown = [fault for c in changes if (fault := self._apply(event.model, c))]
            if unknown:
                told = "; ".join(str(fault) for fault in unknown)
                raise Permanent(f"step {meta.id} names an unregistered version: {told}")
            return NOTHING

        return Held(apply)

    def _answer(
        self,
        event: ModelTrained,
        meta: EventMeta,
        candidate: Candidate,
        judge: Callable[[], ModelValidated],
    ) -> Reaction:
        judged = self._judgements.find(event.model, trained_by=meta.id)
        if judged is None or not _is_about(judged, candidate):
            judged = judge()
            self._judgements.keep(judged)
        if judged.verdict == "accepted" and judged.version is None:
            judged = _with_version(judged, self._register(event.model, candidate).version)
            self._judgements.keep(judged)
        return Reaction(events=(Emit(judged, time=meta.time),))

    def _judge(
        self,
        event: ModelTrained,
        *,
        model: ModelDescription,
        candidate: Candidate,
        holdout_uri: str,
    ) -> ModelValidated:
        champion = self._registry.aliased(event.model, alias="champion")
        evaluation = self._evaluator.evaluate(
            Case(
                key=candidate.trained_by,
                model=model,
                candidate=candidate.artefact,
                champion=None if champion is None else champion.candidate.artefact,
                holdout_uri=holdout_uri,
            )
        )
        digest = candidate.artefact.digest
        gates = ask(
            evaluation,
            policy=policy_of(model),
            demand=_demand(event),
            quarantined=self._registry.is_quarantined(event.model, digest=digest),
        )
        ruling = rule(gates)
        return _validated(event, candidate, ruling, gates, champion)

    def _register(self, model: Name, candidate: Candidate) -> Registered:
        registered = self._registry.register(model, candidate=candidate)
        if registered.candidate.artefact != candidate.artefact:
            raise Permanent(
                f"{model} v{registered.version} was registered for this training with another "
                f"artefact, {registered.candidate.artefact.digest}: somebody else's hand was in "
                "the registry"
            )
        self._registry.set_alias(model, alias="challenger", version=registered.version)
        return registered

    def _apply(self, model: Name, change: standing.Change) -> UnknownVersion | None:
        """Make `change`, or return why it cannot be made."""
        try:
            match change:
                case standing.SetAlias(alias, version):
                    self._registry.set_alias(model, alias=alias, version=version)
                case standing.DropAlias(alias, version):
                    self._registry.drop_alias(model, alias=alias, version=version)
                case standing.Quarantine(digests, reason):
                    self._registry.quarantine(model, digests=digests, reason=reason)
        except UnknownVersion as error:
            return error
        return None


def policy_of(model: ModelDescription) -> Policy:
    """Return the bounds that `model` states."""
    gates = model.gates
    return Policy(
        recall_floor=gates.recall_floor,
        precision_floor=gates.precision_floor,
        margin=gates.margin,
        confidence=gates.confidence,
        min_frauds=gates.min_frauds,
        slice_margin=gates.slice_margin,
        alert_budget=model.decision.alert_budget,
        alert_ratio=gates.alert_ratio,
        latency_ms=gates.latency_ms,
    )


def _demand(event: ModelTrained) -> Demand:
    return "better" if event.cause == "performance" else "not_worse"


def _candidate(event: ModelTrained, meta: EventMeta) -> tuple[Candidate, str]:
    artefact: Artefact | None = event.artefact
    if artefact is None or event.run_id is None or event.holdout_uri is None:
        raise Permanent("a trained model without artefact, run or hold-out cannot be judged")
    candidate = Candidate(
        trained_by=meta.id,
        lifecycle_id=meta.lifecycle_id,
        run_id=event.run_id,
        artefact=artefact,
    )
    return candidate, event.holdout_uri


def _is_about(judged: ModelValidated, candidate: Candidate) -> bool:
    """Return whether `judged` is of the artefact that the event names.

    It is kept where others may write: one of another artefact would have it served unjudged.
    """
    if (judged.artefact, judged.run_id) == (candidate.artefact, candidate.run_id):
        return True
    _LOG.error(
        "%s: the kept judgement of %s is of another artefact: it is judged anew",
        judged.model,
        candidate.trained_by,
    )
    return False


def _validated(
    event: ModelTrained,
    candidate: Candidate,
    ruling: Ruling,
    gates: tuple[Gate, ...],
    champion: Registered | None,
) -> ModelValidated:
    """Return the judgement; an accepted one has no version yet."""
    return ModelValidated(
        model=event.model,
        verdict="accepted" if ruling.accepted else "rejected",
        reasons=ruling.reasons,
        gates=tuple(_result(gate) for gate in gates),
        trained_by=candidate.trained_by,
        champion=None if champion is None else champion.version,
        run_id=candidate.run_id,
        artefact=candidate.artefact,
    )


def _with_version(judged: ModelValidated, version: Version) -> ModelValidated:
    uri = f"models:/{judged.model}/{version}"
    return judged.model_copy(update={"version": version, "model_uri": uri})


def _result(gate: Gate) -> GateResult:
    interval = gate.interval
    return GateResult(
        gate=gate.name,
        verdict=gate.answer,
        value=gate.value if interval is None else interval.value,
        lower=None if interval is None else interval.lower,
        upper=None if interval is None else interval.upper,
        bound=gate.bound,
        n=gate.n,
        detail=gate.detail,
    )
