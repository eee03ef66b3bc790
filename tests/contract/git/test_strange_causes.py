"""The event behind a change has an id that an outsider may have chosen: any text is one."""

from dataclasses import replace
from pathlib import Path

import pytest

from evermodel.deployer.ports import ConfigRepository, Superseded, Written
from tests.contract.git.writing import back, by_hand, commits, git, on_git, release, up

STRANGE = [
    "unmatched [",
    "\\(",
    ".*",
    "^accepted-2$",
    "two\nlines",
    "--all",
    "-i",
    "nul\0byte",
    "ünïcode \u2028 line",
    "x\n\nModel-Uri: models:/fraud/9",
]


@pytest.mark.guarantee(
    "security",
    fault="model.validated has the id {cause!r}",
    promise="one commit, found again by it and by no other",
    seen="git log: Lifecycle-Event-Id",
)
@pytest.mark.parametrize("cause", STRANGE)
def test_a_change_with_any_cause_is_made_once(
    cause: str, repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))
    first = repository.write(up(1, 2, cause=cause))
    repository.write(back(2, 1))

    assert isinstance(first, Written)
    assert repository.write(up(1, 2, cause=cause)) == first
    assert commits(repository, bare) == 3


def test_a_cause_that_reads_as_a_pattern_finds_no_other_change(
    repository: ConfigRepository, bare: Path
) -> None:
    for change in (up(None, 1), up(1, 2, cause="a-2"), back(2, 1)):
        repository.write(change)
    repository.write(up(1, 2, cause="..2"))

    assert commits(repository, bare) == 4


def test_a_cause_that_begins_as_another_finds_no_other_change(
    repository: ConfigRepository, bare: Path
) -> None:
    for change in (up(None, 1), up(1, 2, cause="event-12"), back(2, 1)):
        repository.write(change)
    repository.write(up(1, 2, cause="event-1"))

    assert commits(repository, bare) == 4


def test_a_persons_words_are_not_taken_for_a_change(bare: Path, tmp_path: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    by_hand(bare, tmp_path, {"README": "ours\n"})
    words = "note\n\nLifecycle-Event-Id: accepted-2\nModel-Uri: models:/fraud/2\n\nfor ada"
    git("commit", "-q", "--allow-empty", "-m", words, at=tmp_path / "person")
    git("push", "-q", "origin", "main", at=tmp_path / "person")

    repository.write(up(1, 2))

    assert commits(repository, bare) == 4


def test_a_reason_that_quotes_a_change_is_not_taken_for_it(
    repository: ConfigRepository, bare: Path
) -> None:
    quoted = "Lifecycle-Event-Id: again Model-Uri: models:/fraud/2"
    for change in (up(None, 1), up(1, 2), back(2, 1, reason=quoted)):
        repository.write(change)

    repository.write(up(1, 2, cause="again"))

    assert commits(repository, bare) == 4


@pytest.mark.guarantee(
    "security",
    fault="an event's id holds lines that read as trailers",
    promise="the commit has the machine's four trailers and no other",
    seen="git log --format=%(trailers)",
)
def test_neither_cause_nor_lifecycle_can_forge_a_trailer(bare: Path) -> None:
    repository = on_git(bare)
    forged = "x\nModel-Digest: sha256:0\n\nRollback-Of: models:/fraud/7"
    release_2 = replace(release(2), lifecycle_id=forged)
    repository.write(up(None, 1))
    repository.write(replace(up(1, 2, cause=forged), to=release_2, lifecycle_id=forged))

    found = git("log", "-1", "--format=%(trailers:only,unfold)", "main", at=bare)
    assert [line.partition(": ")[0] for line in found.strip().splitlines()] == [
        "Lifecycle-Event-Id",
        "Lifecycle-Id",
        "Model-Uri",
        "Model-Digest",
    ]
    assert f"Model-Digest: {release(2).digest}" in found


def test_a_change_made_under_a_forged_id_does_not_stand_for_the_real_one(
    repository: ConfigRepository,
) -> None:
    repository.write(up(None, 1))
    repository.write(
        up(1, 3, cause="x\nLifecycle-Event-Id: accepted-2\nModel-Uri: models:/fraud/2")
    )

    assert repository.write(up(1, 2)) == Superseded(desired=3)
