"""Takes rollout steps over: loads what is in play, lets go of what is not, and says so.

    rollout.step ──▶ fetch + verify + load + first answer ──▶ plan swapped ──▶ serving.applied
                        └─ the store is away: served without it, asked again every few ticks

A version that cannot be loaded or does not answer is reported and takes no weight. One whose
bundle cannot be had right now is not reported, for that is not its fault, and takes none either.
"""

import logging
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Executor, Future

import numpy as np

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.api import NOTHING, Emit, Held, Reaction
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.domain.plan import Player, plan_of
from evermodel.scorer.handlers import readings
from evermodel.scorer.handlers.live import Live, Loaded, Serving
from evermodel.scorer.handlers.loading import Loader, Loading

_log = logging.getLogger(__name__)

#: How long to wait for the store when nothing of a model could serve without it.
_STORE_DELAY_SECONDS = 1.0

#: Ticks come about once a second; a store that is away is asked this many ticks apart.
TICKS_BETWEEN_TRIES = 5

Step = tuple[RolloutStep, EventMeta]


class RolloutHandler:
    """Answers ``rollout.step``. Every replica reads all of them; the latest per model wins."""

    def __init__(
        self,
        *,
        forms: Mapping[ModelName, RowForm],
        serving: Serving,
        loader: Loader,
        replica: str,
        metrics: Metrics,
        beside: Executor,
    ) -> None:
        """`beside` asks the store again between steps, off the loop."""
        self._forms = forms
        self._serving = serving
        self._loader = loader
        self._replica = replica
        self._metrics = metrics
        self._beside, self._ticks = beside, 0
        self._errand: Future[Reaction] | None = None
        self._lock = threading.Lock()
        self._latest: dict[ModelName, EventId] = {}
        self._incomplete: dict[ModelName, Step] = {}

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction | Held:
        """Serve what the step says; until that is loaded, what served before goes on."""
        if event.model not in self._forms:
            return NOTHING  # another installation's model
        with self._lock:
            self._latest[event.model] = meta.id
            self._incomplete.pop(event.model, None)
        return Held(lambda: self._answer(event, meta))

    def on_tick(self) -> Reaction:
        """Ask for what the store could not give, without waiting for the model's next step."""
        self._ticks += 1
        if self._errand is not None:
            if not self._errand.done():
                return NOTHING
            errand, self._errand = self._errand, None
            return errand.result()
        with self._lock:
            waiting = next(iter(self._incomplete.values()), None)
        if waiting is not None and self._ticks % TICKS_BETWEEN_TRIES == 0:
            self._errand = self._beside.submit(self._answer_late, *waiting)
        return NOTHING

    def _answer(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """Load, swap the plan and say so.

        Raises:
            Transient: the store does not answer and no version is at hand to serve without it.
        """
        loading = self._load(event)
        if loading.late is not None and not _can_serve(event, loading.ready):
            raise Transient(str(loading.late), delay_seconds=_STORE_DELAY_SECONDS)
        self._serve(event, meta, loading)
        return self._said(event, meta, loading)

    def _answer_late(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """Load what was missing; say so once everything has an answer."""
        loading = self._load(event)
        if not self._serve(event, meta, loading) or loading.late is not None:
            return NOTHING
        return self._said(event, meta, loading, late="/late")

    def _load(self, event: RolloutStep) -> Loading:
        before = self._serving.of(event.model).versions
        return self._loader.load(event, before=before, form=self._forms[event.model])

    def _serve(self, event: RolloutStep, meta: EventMeta, loading: Loading) -> bool:
        """Swap the plan, unless a later step came while this one was loaded."""
        with self._lock:
            if self._latest.get(event.model) != meta.id:
                return False
            self._incomplete.pop(event.model, None)
            if loading.late is not None:  # at the end: each model has its turn
                self._incomplete[event.model] = (event, meta)
            self._serving.put(event.model, _live(event, loading.ready))
            readings.show_versions(self._metrics, event, ready=loading.ready)
            return True

    def _said(
        self, event: RolloutStep, meta: EventMeta, loading: Loading, *, late: str = ""
    ) -> Reaction:
        """Every replica answers the same step, so the replica is part of the answer's identity.

        The step is named as the cause: what comes late comes from a tick, which has none.
        """
        applied = ServingApplied(
            model=event.model,
            replica=self._replica,
            step_event_id=meta.id,
            versions=loading.states,
        )
        identity = f"{event.model}/{meta.id}/{self._replica}{late}"
        emit = Emit(
            applied,
            time=meta.time,
            identity=identity,
            lifecycle_id=meta.lifecycle_id,
            caused_by=meta.id,
        )
        return Reaction(events=[emit])


def _can_serve(event: RolloutStep, ready: Collection[int]) -> bool:
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
        salt=_salt(event),
        reference=None if champion is None else champion.artefact.reference_id,
    )
    return Live(plan, ready)


def _salt(event: RolloutStep) -> str:
    """Return the name of the rollout in progress: entities are drawn anew for each, and only then.

    A step may be about a version that is not in play (``queued``, ``declined``): named by that
    one, entities would change sides in the middle of a canary.
    """
    by_role = {v.role: v.version for v in event.in_play}
    version = by_role.get("challenger", by_role.get("champion", event.version))
    return f"{event.model}/v{version}"


def _float32(threshold: float) -> float:
    """Scores are float32: compared with anything finer, one equal to it would not reach it."""
    return float(np.float32(threshold))
