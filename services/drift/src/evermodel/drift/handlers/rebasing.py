"""A new champion: its reference is taken over, and whatever was on against the old one is over.

Must never judge a window: it lets the next one begin anew.
"""

from dataclasses import replace

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.messaging.api import Emit
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.episodes import end
from evermodel.drift.domain.prediction import Cusum
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.handlers.verdicts import Evidence, verdict


def rebased(
    state: ModelState, model: ModelDescription, event: RolloutStep, meta: EventMeta
) -> tuple[ModelState, list[Emit]]:
    """Return the state after a rollout's step, and the word that an episode is over, if one was.

    What versions have shown is kept while they are in play, whether each cohort has them or not.
    """
    in_play = {v.version for v in event.in_play}
    standings = {v: standing for v, standing in state.standings.items() if v in in_play}
    state = replace(state, standings=standings)
    is_under_way = any(v.role == "challenger" for v in event.in_play)
    history = replace(state.history, rolling_out=is_under_way)
    champion = next((v for v in event.in_play if v.role == "champion"), None)
    if champion is None or champion.version == state.champion:
        return replace(state, history=history), []
    history, ruling = end(history, f"version {champion.version} is champion")
    events = []
    if ruling is not None:
        span = state.judged or Span(start=meta.time, end=meta.time)
        evidence = Evidence(span=span, rows=0)
        events.append(verdict(state, model, ruling, evidence, now=meta.time))
    state = replace(
        state,
        champion=champion.version,
        reference_id=champion.artefact.reference_id,
        consecutive={},
        cusum=Cusum(),
        small=None,
        starved=False,
        history=replace(history, cohorts_since=0),
    )
    return state, events
