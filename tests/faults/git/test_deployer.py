"""A version is bad while Git is not well: it goes to zero at once, and Git hears of it once.

bad ─▶ aborted, weight 0 ─▶ rollback is owed ── Git is mended ─▶ one commit, nothing owed
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from evermodel.deployer.adapters import git_repository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import Written
from tests.contract.git.writing import git, on_git, up
from tests.faults.git.faults import FAULTS, Place
from tests.faults.git.retreat import OWED, taken_back
from tests.faults.quick import whole_but
from tests.unit.deployer.scenario import Story


@pytest.fixture
def place(tmp_path: Path) -> Place:
    bare = tmp_path / "config.git"
    bare.mkdir()
    git("init", "-q", "--bare", "-b", "main", at=bare)
    return Place(bare=bare, clone=tmp_path / "clone")


@pytest.fixture
def story(place: Place, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A rollout of version 2 over version 1, on real Git that is given up after seconds."""
    monkeypatch.setattr(git_repository, "TIMEOUT_SECONDS", 3.0)
    # A story asks no more of it than its port.
    repository = cast(MemoryRepository, on_git(place.bare))
    return Story(repository=repository).accepted(1).accepted(2).days(2)


@pytest.mark.guarantee(
    "outside",
    fault="the config repository {fault} while a version must be taken back",
    promise="its weight is zero at once; Git is told as soon as it can be, by one commit",
    seen=f"deployer logs 'rollback(fraud): v2 -> v1 {OWED}: …'; evermodel_git_owed_changes",
)
@pytest.mark.parametrize("fault", whole_but("is away", FAULTS))
def test_a_bad_version_is_taken_back_at_once_and_git_is_told_once(
    fault: str,
    place: Place,
    story: Story,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    case = FAULTS[fault]
    case.strike(place)
    mend = case.mend
    with caplog.at_level(logging.ERROR):
        seconds = taken_back(
            story, place.bare, caplog, mend=None if mend is None else lambda: mend(place)
        )
    record_property("flows_again_seconds", seconds)


@pytest.mark.guarantee(
    "outside",
    fault="a person's files lie on a branch that was deleted",
    promise="the machine begins no second history: the branch comes back with all that was on it",
    seen=f"deployer logs '… {OWED}: git: the branch main is gone …'; evermodel_git_up 0",
)
def test_a_branch_that_was_deleted_is_not_begun_anew(
    place: Place, story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    before = git("rev-parse", "main", at=place.bare)
    FAULTS["has lost its branch"].strike(place)
    story.cannot_serve(2).seconds(20)
    assert "the branch main is gone" in caplog.text
    assert git("branch", "--list", "main", at=place.bare) == ""
    git("branch", "main", "old", at=place.bare)
    story.seconds(20)
    assert git("merge-base", "main", before.strip(), at=place.bare) == before


def test_another_repository_in_place_of_the_first_may_be_empty(place: Place) -> None:
    on_git(place.bare).write(up(None, 1))
    other = place.folder / "other.git"
    git("init", "-q", "--bare", "-b", "main", str(other), at=place.folder)
    assert isinstance(on_git(other).write(up(None, 1)), Written)
