"""What is done with a payment: the assigned version's answer against its threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evermodel.scorer.domain.plan import Plan

Verdict = Literal["alert", "pass", "unscored"]


@dataclass(frozen=True, slots=True)
class Answers:
    """One version's answers to a batch: a probability per row, None where it gave none."""

    scores: Sequence[float | None]
    alerts: Sequence[bool | None]
    complete: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided, what, and how likely that version was for an entity drawn at random."""

    decided_by: int | None
    verdict: Verdict
    propensity: float


UNSCORED = Decision(None, "unscored", 1.0)


def answers_of(scores: Sequence[float], *, threshold: float) -> Answers:
    """Return `scores` with what is no probability (NaN, outside [0, 1]) taken out."""
    if all(0.0 <= score <= 1.0 for score in scores):
        return Answers(scores, [score >= threshold for score in scores], complete=True)
    sound = [score if 0.0 <= score <= 1.0 else None for score in scores]
    return Answers(
        sound, [None if score is None else score >= threshold for score in sound], complete=False
    )


def silent(rows: int) -> Answers:
    """Return the answers of a version that gave none to `rows` rows."""
    nothing = [None] * rows
    return Answers(nothing, nothing, complete=False)


def decide(
    assigned: Sequence[int | None], *, plan: Plan, answers: Mapping[int, Answers]
) -> list[Decision]:
    """Return the decision on each row."""
    verdicts = {version: _verdicts(version, plan) for version in plan.versions}
    stand_ins = plan.stand_ins
    decisions = []
    for row, version in enumerate(assigned):
        alert = None if version is None else answers[version].alerts[row]
        if version is not None and alert is not None:
            decisions.append(verdicts[version][alert])
        else:
            decisions.append(_stand_in(row, version, stand_ins, plan, answers))
    return decisions


def _verdicts(version: int, plan: Plan) -> tuple[Decision, Decision]:
    chance = plan.chance(version)
    return Decision(version, "pass", chance), Decision(version, "alert", chance)


def _stand_in(
    row: int,
    silent_version: int | None,
    stand_ins: Sequence[int],
    plan: Plan,
    answers: Mapping[int, Answers],
) -> Decision:
    for version in stand_ins:
        alert = answers[version].alerts[row]
        if version != silent_version and alert is not None:
            lent = 0.0 if silent_version is None else plan.chance(silent_version)
            chance = min(1.0, plan.chance(version) + lent)
            return Decision(version, "alert" if alert else "pass", chance)
    return UNSCORED
