import math

import pytest

from evermodel.scorer.domain.decisions import (
    UNSCORED,
    Answers,
    Decision,
    answers_of,
    decide,
    silent,
)
from evermodel.scorer.domain.plan import Plan, Player, plan_of

PLAN: Plan = plan_of(
    [
        Player(version=1, role="champion", weight=90, threshold=0.5),
        Player(version=2, role="challenger", weight=10, threshold=0.3),
        Player(version=3, role="former_champion", weight=0, threshold=0.5),
    ],
    ready={1, 2, 3},
    salt="s",
    reference="ref",
)


def ask(*scores: float, threshold: float = 0.5) -> Answers:
    return answers_of(scores, threshold=threshold)


def test_a_score_at_the_threshold_is_an_alert() -> None:
    assert ask(0.5, 0.49).alerts == [True, False]


def test_the_assigned_version_decides_by_its_own_threshold() -> None:
    answers = {1: ask(0.4, 0.4), 2: ask(0.4, 0.4, threshold=0.3), 3: ask(0.9, 0.9)}
    first, second = decide([1, 2], plan=PLAN, answers=answers)
    assert first == Decision(1, "pass", 0.9)
    assert second == Decision(2, "alert", 0.1)


@pytest.mark.parametrize("nonsense", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_probability_is_no_answer_and_the_champion_decides(nonsense: float) -> None:
    answers = {1: ask(0.9), 2: ask(nonsense), 3: ask(0.1)}
    assert answers[2].scores == [None]
    (decision,) = decide([2], plan=PLAN, answers=answers)
    assert decision == Decision(1, "alert", 1.0)


def test_when_the_champion_is_silent_the_former_one_decides_and_never_the_canary() -> None:
    answers = {1: silent(1), 2: ask(0.9), 3: ask(0.1)}
    assert decide([1], plan=PLAN, answers=answers) == [Decision(3, "pass", 0.9)]


def test_when_nobody_who_may_stand_in_answers_the_payment_passes_unscored() -> None:
    answers = {1: silent(1), 2: ask(0.9), 3: silent(1)}
    assert decide([1], plan=PLAN, answers=answers) == [UNSCORED]
