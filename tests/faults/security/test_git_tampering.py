"""The machine's file in Git, changed by another hand: what it then says gets no traffic."""

from pathlib import Path

import pytest

from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.adapters.yaml_manifest import path_of
from evermodel.deployer.domain.release import shares
from evermodel.deployer.handlers.errands import TICKS_BETWEEN_LOOKS
from evermodel.deployer.ports import EngineRefused
from tests.contract.git.conftest import bare
from tests.contract.git.writing import FILE, by_hand, git, on_git, release, up
from tests.unit.deployer.scenario import Story, artefact

__all__ = ["bare"]

ONE, TWO = release(1), release(2)
#: What a hand may put in the place of what the machine wrote.
HANDS = {
    "digest": (TWO.digest, "sha256:" + "e" * 64),
    "uri": (TWO.model_uri, "models:/evil/2"),
    "version": ("version: 2", "version: 3"),
}


@pytest.mark.guarantee(
    "security",
    fault="somebody changes the {what} of the version being rolled out, in Git",
    promise="it gets no more traffic: the engine asks Git before each step, for the very artefact",
    seen="deployer logs 'gets no more weight: the repository's v2 is another artefact …'",
)
@pytest.mark.parametrize("what", HANDS)
def test_a_challenger_that_git_means_otherwise_gets_no_share(
    what: str, bare: Path, tmp_path: Path
) -> None:
    repository = on_git(bare)
    engine = EmbeddedEngine(repository)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))
    text = git("show", f"main:{FILE}", at=bare)
    mine, evil = HANDS[what]
    assert mine in text
    by_hand(bare, tmp_path, {FILE: text.replace(mine, evil)})
    with pytest.raises(EngineRefused, match=r"another artefact|wants v3"):
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))
    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE, challenger=TWO)


@pytest.mark.guarantee(
    "security",
    fault="somebody changes the digest of the champion in Git",
    promise="what serves stays as it is, and the difference is told within a minute",
    seen="evermodel_git_divergence 1; deployer logs 'somebody else's hand was in its file'",
)
def test_a_champion_that_git_means_otherwise_is_told(caplog: pytest.LogCaptureFixture) -> None:
    story = Story().accepted(1).seconds(TICKS_BETWEEN_LOOKS + 2)
    assert divergence(story) == 0
    _forge(story.repository, version=1)
    story.seconds(2 * TICKS_BETWEEN_LOOKS)
    assert divergence(story) == 1
    assert "somebody else's hand was in its file" in caplog.text
    assert [(v.version, v.weight) for v in story.steps[-1].in_play] == [(1, 100)]


@pytest.mark.guarantee(
    "security",
    fault="somebody changes the digest of a canary in Git, and goes on",
    promise="it is held at its share, and a person is asked, who is told of the other artefact",
    seen="rollout.step held: 'Git wants another artefact under this version's number'",
)
def test_a_person_is_asked_about_a_canary_that_git_means_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    story = Story(patience="3d").accepted(1).accepted(2).day()
    weight = story.steps[-1].in_play[-1].weight
    _forge(story.repository, version=2)
    story.days(8)
    said = [step for step in story.steps if step.action == "held"]
    assert said
    assert "Git wants another artefact under this version's number" in said[-1].reason
    assert said[-1].in_play[-1].weight == weight
    assert "fraud gets no more weight: the repository's v2 is another artefact" in caplog.text


def divergence(story: Story) -> float | None:
    return story.metrics.registry.get_sample_value("evermodel_git_divergence", {"model": "fraud"})


def _forge(repository: MemoryRepository, *, version: int) -> None:
    path = path_of("fraud", repository.environment)
    mine = artefact(version).digest
    assert mine in repository.files[path]
    repository.files[path] = repository.files[path].replace(mine, "sha256:" + "e" * 64)
