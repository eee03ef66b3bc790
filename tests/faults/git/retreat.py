"""A bad version taken back while Git is not well: what holds whatever is wrong with Git.

Owns the law. Must never know what was done to Git, nor how it is mended.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.git.writing import git, on_git
from tests.unit.deployer.scenario import Story

OWED = "is owed to the config repository"
#: A Git that is away is asked every ten seconds.
PATIENCE_SECONDS = 60


def taken_back(
    story: Story, bare: Path, caplog: pytest.LogCaptureFixture, *, mend: Callable[[], object] | None
) -> int:
    """Find version 2 bad; return the seconds from `mend` until Git knows, by one commit.

    `mend` None: the machine helps itself.
    """
    story.cannot_serve(2)
    assert story.weights == {1: 100}
    assert "aborted v2" in story.actions
    if mend is not None:
        assert f"rollback(fraud): v2 -> v1 {OWED}" in caplog.text
        story.seconds(1)
        assert owed(story) == 1
        mend()
    seconds = 0
    while story.handlers.state_of("fraud").owed:
        story.seconds(1)
        seconds += 1
        assert seconds < PATIENCE_SECONDS, caplog.text
    story.seconds(1)
    assert owed(story) == 0
    assert_told_once(story, bare)
    return seconds


def assert_told_once(story: Story, bare: Path) -> None:
    """Require one commit that takes version 2 back, and version 1 in Git."""
    desired = on_git(bare, clone="another").desired("fraud")
    assert desired is not None
    assert desired.version == 1
    subjects = git("log", "--format=%s", "main", at=bare).splitlines()
    assert subjects.count("rollback(fraud): v2 -> v1") == 1
    assert story.actions.count("aborted v2") == 1


def owed(story: Story) -> float | None:
    """Return the metric."""
    return story.metrics.registry.get_sample_value("evermodel_git_owed_changes", {"model": "fraud"})
