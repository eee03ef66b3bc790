"""Takes rollout steps over: loads what is in play, lets go of what is not, and says so.

    rollout.step ──▶ fetch + verify + load + first answer ──▶ plan swapped ──▶ serving.applied
                        └─ not all of it: served without, tried again until it is there, or
                           the model's next step comes; what has changed is said then

A version that cannot be loaded or does not answer is reported and takes no weight, and so is one
that is not asked any more, from the next tick on: it is tried again as the others are. One whose
bundle cannot be had right now is not reported, for that is not its fault, and takes none either.
"""

import json
import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor, Future

import numpy as np

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.api import NOTHING, Emit, Held, Reaction
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.domain.plan import Player, plan_of
from evermodel.scorer.handlers import readings
from evermodel.scorer.handlers.live import Live, Loaded, Serving
from evermodel.scorer.handlers.loading import Loader, Loading, still_asked
from evermodel.scorer.handlers.retrying import Retrying, Step

_LOG = logging.getLogger(__name__)

#: How long to wait for the store when nothing of a model could serve without it.
_STORE_DELAY_SECONDS = 1.0

#: So often that is done where other models serve: what one cannot have holds up all payments.
_MOST_WAITS = 30


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
        """`beside` tries again between steps, off the loop."""
        self._forms = forms
        self._serving = serving
        self._loader = loader
        self._replica = replica
        self._metrics = metrics
        self._beside, self._retrying = beside, Retrying()
        self._errand: Future[None] | None = None
        self._lock = threading.Lock()
        self._latest: dict[ModelName, EventId] = {}
        #: The step that each model has waited for the store with, and how often.
        self._waits: dict[ModelName, tuple[EventId, int]] = {}

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction | Held:
        """Serve what the step says; until that is loaded, what served before goes on."""
        if event.model not in self._forms:
            return NOTHING  # another installation's model
        with self._lock:
            self._latest[event.model] = meta.id
            self._retrying.forget(event.model)
        return Held(lambda: self._answer(event, meta))

    def on_tick(self) -> Reaction:
        """Try what could not be loaded again, without waiting for the model's next step."""
        with self._lock:
            due = self._retrying.tick()
            self._give_up()
            changed = self._retrying.unsaid()
        self._go_on(due)
        return Reaction(
            events=[self._said(*one.step, one.states, late=f"/late/{one.said}") for one in changed]
        )

    def _go_on(self, due: Step | None) -> None:
        if self._errand is None:
            self._errand = None if due is None else self._beside.submit(self._try_again, due)
        elif self._errand.done():
            errand, self._errand = self._errand, None
            errand.result()

    def _give_up(self) -> None:
        """Let what is not asked any more serve no longer."""
        for event, meta in self._retrying.steps:
            ready = self._serving.of(event.model).versions
            loading = still_asked(Loading(ready, (), late=None))
            for served in loading.states:
                _LOG.error("%s v%d cannot serve: %s", event.model, served.version, served.reason)
            if loading.states:
                self._put((event, meta), loading)

    def _answer(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """Load, swap the plan and say so.

        Raises:
            Transient: the store does not answer and no version is at hand to serve without it.
        """
        loading = self._load(event)
        can_serve = _can_serve(event, loading.ready)
        if loading.late is not None and not can_serve and self._is_waited_for(event, meta):
            raise Transient(str(loading.late), delay_seconds=_STORE_DELAY_SECONDS)
        self._serve((event, meta), loading)
        return Reaction(events=[self._said(event, meta, loading.states)])

    def _is_waited_for(self, event: RolloutStep, meta: EventMeta) -> bool:
        """Whether payments wait for `event`: not for long where it alone cannot be served."""
        with self._lock:
            step, waits = self._waits.get(event.model, (meta.id, 0))
            waits = waits + 1 if step == meta.id else 1
            self._waits[event.model] = meta.id, waits
        others = (model for model in self._forms if model != event.model)
        return waits <= _MOST_WAITS or not any(self._serving.of(o).versions for o in others)

    def _try_again(self, step: Step) -> None:
        """Load what was missing; the next tick says so if that makes another answer."""
        self._serve(step, self._load(step[0]))

    def _load(self, event: RolloutStep) -> Loading:
        before = self._serving.of(event.model).versions
        return self._loader.load(event, before=before, form=self._forms[event.model])

    def _serve(self, step: Step, loading: Loading) -> None:
        """Swap the plan, unless a later step came meanwhile."""
        event, meta = step
        with self._lock:
            if self._latest.get(event.model) == meta.id:
                self._put(step, loading)

    def _put(self, step: Step, loading: Loading) -> None:
        event, _ = step
        self._serving.put(event.model, _live(event, loading.ready))
        readings.show_versions(self._metrics, event, ready=loading.ready)
        self._retrying.note(step, loading)

    def _said(
        self,
        event: RolloutStep,
        meta: EventMeta,
        states: Sequence[ServedVersion],
        *,
        late: str = "",
    ) -> Emit:
        """Every replica answers the same step, and after a restart or a mend it answers anew.

        So the replica and the answer are part of its identity: the same answer comes under the
        same id, another one never under that of the first, where who drops doubles would miss it.
        The step is named as the cause: what comes late comes from a tick, which has none.
        """
        applied = ServingApplied(
            model=event.model,
            replica=self._replica,
            step_event_id=meta.id,
            versions=tuple(states),
        )
        return Emit(
            applied,
            time=meta.time,
            identity=f"{event.model}/{meta.id}/{self._replica}/{_spelt(states)}{late}",
            lifecycle_id=meta.lifecycle_id,
            caused_by=meta.id,
        )


def _spelt(states: Sequence[ServedVersion]) -> str:
    """Return an answer in short, with its reasons: all of it that may differ."""
    return json.dumps([(s.version, s.state, s.reason) for s in states])


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
