"""What a rollout step does to aliases and quarantine."""

from typing import get_args

import pytest

from evermodel.common.events.rollout import Action
from evermodel.registrar.domain.standing import (
    Change,
    DropAlias,
    Quarantine,
    SetAlias,
    changes_of,
)

HELD = ("sha256:" + "a" * 64,)


def changes(action: Action, *, challenger: int | None = None) -> tuple[Change, ...]:
    return changes_of(
        action,
        version=3,
        stable=2,
        challenger=challenger,
        quarantined=HELD,
        reason="alerts tripled",
    )


@pytest.mark.parametrize("action", get_args(Action))
def test_every_step_says_exactly_what_is_quarantined(action: Action) -> None:
    assert Quarantine(HELD, "alerts tripled") in changes(action)


@pytest.mark.parametrize("action", get_args(Action))
def test_every_step_says_who_is_champion_and_who_is_challenger(action: Action) -> None:
    names = SetAlias("champion", 2), SetAlias("challenger", 4)
    assert changes(action, challenger=4)[:2] == names


@pytest.mark.parametrize("action", get_args(Action))
def test_a_version_that_is_on_trial_no_more_is_no_challenger(action: Action) -> None:
    assert changes(action)[:2] == (SetAlias("champion", 2), DropAlias("challenger", 3))


@pytest.mark.parametrize("action", get_args(Action))
def test_only_completed_makes_a_version_the_last_verified(action: Action) -> None:
    verified = SetAlias("last_verified", 2) in changes(action)
    assert verified == (action == "completed")
