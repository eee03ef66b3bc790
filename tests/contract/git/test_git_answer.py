"""Whoever reports on a run hears what the repository says, not what an event says it says."""

from pathlib import Path

import pytest

from evermodel.deployer.adapters.git_answer import GitAnswer, ask_git
from evermodel.deployer.ports import RepositoryUnavailable
from tests.contract.git.writing import FILE, by_hand, git, on_git, up


def test_an_empty_repository_has_no_head_and_wants_nothing(bare: Path) -> None:
    assert ask_git(str(bare), model="fraud") == GitAnswer(head=None, desired_version=None)


def test_the_answer_is_what_lies_at_the_head(bare: Path, tmp_path: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    assert ask_git(str(bare), model="fraud").desired_version == 2

    text = git("show", f"main:{FILE}", at=bare)
    by_hand(bare, tmp_path, {FILE: text.replace("version: 2", "version: 7")})

    head = git("rev-parse", "main", at=bare).strip()
    assert ask_git(str(bare), model="fraud") == GitAnswer(head=head, desired_version=7)
    assert ask_git(str(bare), model="other") == GitAnswer(head=head, desired_version=None)


def test_a_repository_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RepositoryUnavailable, match="ls-remote"):
        ask_git(str(tmp_path / "nowhere"), model="fraud")
