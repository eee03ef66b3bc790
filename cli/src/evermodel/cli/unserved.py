"""Which versions should serve and cannot, as the scorers answered the last rollout step.

Owns the words, so that `status` and `doctor` say the same. What a replica answered to an earlier
step says nothing: it may be gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evermodel.cli.reading import Read, events
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.traffic import ServedVersion, ServingApplied


@dataclass(frozen=True, slots=True)
class Unserved:
    """A version that a scorer cannot serve. `is_alone`: nothing else decides there."""

    model: str
    version: int
    role: str
    weight: int
    replica: str
    reason: str
    is_alone: bool
    uri: str
    digest: str

    def __str__(self) -> str:
        """Return it for people, in one line."""
        instead = (
            "payments of this scorer are passed unscored"
            if self.is_alone
            else "another version takes its share"
        )
        return (
            f"{self.model} v{self.version} ({self.role}, {self.weight}%) cannot serve on scorer "
            f"{self.replica}: {self.reason or 'no reason given'}; {instead}"
        )


def unserved(found: Sequence[Read]) -> list[Unserved]:
    """Return what the last steps of `found` name and their scorers said they cannot serve."""
    steps: dict[str, tuple[str, RolloutStep]] = {}
    answers: dict[tuple[str, str], ServingApplied] = {}
    for event in events(found):  # by position: after a restart an answer may come again
        payload: Payload = event.payload
        if isinstance(payload, RolloutStep):
            steps[payload.model] = event.meta.id, payload
        if isinstance(payload, ServingApplied):
            answers[payload.model, payload.replica] = payload
    return [
        told
        for (model, _), answer in sorted(answers.items())
        if model in steps and answer.step_event_id == steps[model][0]
        for told in _told(steps[model][1], answer)
    ]


def _told(step: RolloutStep, answer: ServingApplied) -> list[Unserved]:
    states = {served.version: served for served in answer.versions}
    failed = [(v, states[v.version]) for v in step.in_play if _is(states, v, "failed")]
    decides = [v for v in step.in_play if v.role != "challenger" and _is(states, v, "ready")]
    return [
        Unserved(
            model=step.model,
            version=wanted.version,
            role=wanted.role,
            weight=wanted.weight,
            replica=answer.replica,
            reason=served.reason,
            is_alone=not decides,
            uri=wanted.artefact.uri,
            digest=wanted.artefact.digest,
        )
        for wanted, served in failed
    ]


def _is(states: dict[int, ServedVersion], wanted: VersionInPlay, state: str) -> bool:
    return wanted.version in states and states[wanted.version].state == state
