"""What git's history says to people and machines, and what it leaves of theirs."""

from pathlib import Path

import pytest

from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import (
    Written,
)
from tests.contract.git.writing import (
    FILE,
    back,
    by_hand,
    git,
    on_git,
    release,
    up,
)


def test_an_edit_changes_three_lines_and_keeps_a_persons_comments(
    bare: Path, tmp_path: Path
) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    git("clone", "-q", str(bare), str(tmp_path / "person"), at=tmp_path)
    text = git("show", f"main:{FILE}", at=bare)
    text = text.replace("version: 1", "version: 1   # ask ada first") + "owner:   ada\n"
    by_hand(bare, tmp_path, {FILE: text, "README": "ours\n"})

    repository.write(up(1, 2))

    assert git("diff", "--numstat", "main~1", "main", at=bare).split() == ["3", "3", FILE]
    assert "version: 2   # ask ada first" in git("show", f"main:{FILE}", at=bare)
    assert git("show", "main:README", at=bare) == "ours\n"


@pytest.mark.guarantee(
    "outside",
    fault="an editor of Windows saves the machine's file with line ends {name}",
    promise="a change is three lines of the diff; the line ends stay",
    seen="nothing",
)
@pytest.mark.parametrize(
    ("name", "end", "start"),
    [("CR LF", "\r\n", ""), ("CR LF and a byte order mark", "\r\n", "\ufeff")],
)
def test_an_edit_keeps_the_line_ends_of_a_file_from_windows(
    name: str, end: str, start: str, bare: Path, tmp_path: Path
) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    text = start + git("show", f"main:{FILE}", at=bare).replace("\n", end)
    by_hand(bare, tmp_path, {FILE: text})

    repository.write(up(1, 2))

    assert repository.desired("fraud") is not None, name
    assert git("diff", "--numstat", "main~1", "main", at=bare).split() == ["3", "3", FILE]


def test_the_message_tells_people_and_its_trailers_tell_machines(bare: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    repository.write(back(2, 1))

    subject, body = git("log", "-1", "--format=%s%n%b", at=bare).split("\n", 1)
    trailers = git("log", "-1", "--format=%(trailers:only,unfold)", at=bare).strip().splitlines()
    assert subject == "rollback(fraud): v2 -> v1"
    assert "skew_scores: 0.3 against 0.1" in body
    assert trailers == [
        "Lifecycle-Event-Id: judged-2",
        "Lifecycle-Id: life-2",
        "Model-Uri: models:/fraud/1",
        f"Model-Digest: {release(1).digest}",
        "Rollback-Of: models:/fraud/2",
        "Rollback-Reason: skewed",
    ]


def test_a_reason_cannot_forge_a_trailer(bare: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    repository.write(back(2, 1, reason="x\n\nLifecycle-Event-Id: accepted-9\nModel-Uri: y"))

    found = git("log", "--grep=^Lifecycle-Event-Id: accepted-9$", "--format=%H", at=bare)
    assert found == ""


def test_the_same_history_has_the_same_ids_in_every_repository(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        bare = tmp_path / name / "config.git"
        bare.mkdir(parents=True)
        git("init", "-q", "--bare", "-b", "main", at=bare)
        repository = on_git(bare)
        for change in (up(None, 1), up(1, 2), back(2, 1)):
            answer = repository.write(change)
        assert isinstance(answer, Written)
        heads.append(answer.commit)

    fake = MemoryRepository()
    for change in (up(None, 1), up(1, 2), back(2, 1)):
        fake.write(change)
    assert heads == [fake.head, fake.head]
