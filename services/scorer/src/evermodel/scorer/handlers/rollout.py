"""Takes rollout steps over: loads what is in play, lets go of what is not, and says so.

    rollout.step ──▶ fetch + verify + load + first answer ──▶ plan swapped ──▶ serving.applied

A version that cannot be loaded or does not answer is reported and takes no weight.
"""

import logging
from collections.abc import Mapping

import numpy as np

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import NOTHING, Emit, Held, Reaction
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.domain.plan import Player, plan_of
from evermodel.scorer.handlers import readings
from evermodel.scorer.handlers.live import Live, Loaded, Serving
from evermodel.scorer.ports import (
    Bundles,
    BundleUnreachable,
    Columns,
    LoadedVersion,
    Scoring,
)

_log = logging.getLogger(__name__)

#: How long to wait for the store when nothing of a model could serve without it.
_STORE_DELAY_SECONDS = 1.0


class RolloutHandler:
    """Answers ``rollout.step``. Every replica reads all of them; the latest per model wins."""

    def __init__(
        self,
        *,
        forms: Mapping[ModelName, RowForm],
        serving: Serving,
        bundles: Bundles,
        scoring: Scoring,
        replica: str,
        metrics: Metrics,
    ) -> None:
        self._forms = forms
        self._serving = serving
        self._bundles = bundles
        self._scoring = scoring
        self._replica = replica
        self._metrics = metrics

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction | Held:
        """Serve what the step says; until that is loaded, what served before goes on."""
        form = self._forms.get(event.model)
        if form is None:
            return NOTHING  # another installation's model
        return Held(lambda: self._answer(event, meta, form))

    def _answer(self, event: RolloutStep, meta: EventMeta, form: RowForm) -> Reaction:
        """Load, swap the plan and say so.

        Raises:
            Transient: the store does not answer and no version is at hand to serve without it.
        """
        served = self._take_over(event, form)
        applied = ServingApplied(
            model=event.model, replica=self._replica, step_event_id=meta.id, versions=served
        )
        return Reaction(events=[_emit(applied, meta)])

    def _take_over(self, event: RolloutStep, form: RowForm) -> tuple[ServedVersion, ...]:
        before = self._serving.of(event.model).versions
        ready: dict[int, Loaded] = {}
        states, unreachable = [], None
        for wanted in event.in_play:
            try:
                ready[wanted.version] = self._ready(wanted, before, form)
                states.append(ServedVersion(version=wanted.version, state="ready"))
            except Exception as error:  # noqa: BLE001  # foreign code: it may not stop the others
                _log.exception("%s v%d cannot serve", event.model, wanted.version)
                states.append(_failed(wanted.version, error))
                unreachable = error if isinstance(error, BundleUnreachable) else unreachable
        if unreachable is not None and not _can_serve(event, ready):
            raise Transient(str(unreachable), delay_seconds=_STORE_DELAY_SECONDS)
        self._serving.put(event.model, _live(event, ready))
        readings.show_versions(self._metrics, event, ready=ready)
        return tuple(states)

    def _ready(self, wanted: VersionInPlay, before: Mapping[int, Loaded], form: RowForm) -> Loaded:
        digest = wanted.artefact.digest
        known = before.get(wanted.version)
        if known is not None and known.digest == digest:
            return known
        bundle = self._bundles.fetch(wanted.artefact.uri, digest=digest)
        model = self._scoring.load(bundle, digest=digest)
        _try_out(model, form)
        return Loaded(digest, model)


def _try_out(model: LoadedVersion, form: RowForm) -> None:
    """Ask for one answer: finds a model that loads and cannot speak, and warms one that can."""
    row: Columns = {
        **{name: np.zeros(1, dtype=np.float32) for name in (*form.continuous, *form.flag)},
        **{name: np.array([""], dtype=np.object_) for name in form.categorical},
    }
    scores = model.score(row)
    if len(scores) != 1 or not 0.0 <= scores[0] <= 1.0:
        raise ValueError(f"its first answer, {list(scores)!r}, is no probability")


def _can_serve(event: RolloutStep, ready: Mapping[int, Loaded]) -> bool:
    return any(v.version in ready and v.role != "challenger" for v in event.in_play)


def _live(event: RolloutStep, ready: Mapping[int, Loaded]) -> Live:
    players = [
        Player(
            version=v.version,
            role=v.role,
            weight=v.weight,
            threshold=_float32(v.artefact.threshold),
        )
        for v in event.in_play
    ]
    champion = next((v for v in event.in_play if v.role == "champion"), None)
    plan = plan_of(
        players,
        ready=ready,
        salt=f"{event.model}/v{event.version}",
        reference=None if champion is None else champion.artefact.reference_id,
    )
    return Live(plan, ready)


def _float32(threshold: float) -> float:
    """Scores are float32: compared with anything finer, one equal to it would not reach it."""
    return float(np.float32(threshold))


def _failed(version: int, error: Exception) -> ServedVersion:
    return ServedVersion(
        version=version, state="failed", reason=f"{type(error).__name__}: {error}"[:500]
    )


def _emit(applied: ServingApplied, meta: EventMeta) -> Emit:
    """Every replica answers the same step, so the replica is part of the answer's identity."""
    identity = f"{applied.model}/{meta.id}/{applied.replica}"
    return Emit(applied, time=meta.time, identity=identity)
