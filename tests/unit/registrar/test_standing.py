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


def changes(action: Action, *, stable: int = 2) -> tuple[Change, ...]:
    return changes_of(action, version=3, stable=stable, quarantined=HELD, reason="alerts tripled")


@pytest.mark.parametrize("action", get_args(Action))
def test_every_step_says_exactly_what_is_quarantined(action: Action) -> None:
    assert changes(action)[-1] == Quarantine(HELD, "alerts tripled")


@pytest.mark.parametrize("action", ["advanced", "held", "resumed", "queued", "declined"])
def test_a_step_on_the_way_changes_no_alias(action: Action) -> None:
    assert changes(action)[:-1] == ()


def test_started_names_the_challenger() -> None:
    assert changes("started")[:-1] == (SetAlias("challenger", 3),)


def test_promoted_makes_the_challenger_champion() -> None:
    assert changes("promoted")[:-1] == (SetAlias("champion", 3), DropAlias("challenger", 3))


def test_only_completed_makes_a_version_the_last_verified() -> None:
    assert SetAlias("last_verified", 3) in changes("completed", stable=3)


@pytest.mark.parametrize("action", ["aborted", "rolled_back"])
def test_when_a_version_is_taken_back_the_stable_one_is_champion(action: Action) -> None:
    assert changes(action)[:-1] == (SetAlias("champion", 2), DropAlias("challenger", 3))
