"""What a rollout step does to aliases and quarantine."""

import pytest

from evermodel.registrar.domain.standing import (
    Action,
    DropAlias,
    Quarantine,
    SetAlias,
    changes_of,
)


@pytest.mark.parametrize("action", ["started", "advanced", "held", "resumed", "queued", "declined"])
def test_a_step_on_the_way_changes_no_standing(action: Action) -> None:
    assert changes_of(action, version=3, stable=2, reason="") == ()


def test_promoted_makes_the_challenger_champion() -> None:
    changes = changes_of("promoted", version=3, stable=2, reason="")
    assert changes == (SetAlias("champion", 3), DropAlias("challenger", 3))


def test_only_completed_makes_a_version_the_last_verified() -> None:
    changes = changes_of("completed", version=3, stable=3, reason="")
    assert SetAlias("last_verified", 3) in changes


@pytest.mark.parametrize("action", ["aborted", "rolled_back"])
def test_what_is_taken_back_is_quarantined_and_the_stable_version_is_champion(
    action: Action,
) -> None:
    changes = changes_of(action, version=3, stable=2, reason="alerts tripled")
    assert SetAlias("champion", 2) in changes
    assert Quarantine(3, "alerts tripled") in changes
