"""What every rollout engine promises. The argo engine joins the parameters here."""

import subprocess
from pathlib import Path

import pytest

from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.domain.changes import promotion
from evermodel.deployer.domain.release import Release, shares, watched
from evermodel.deployer.ports import ConfigRepository, EngineRefused, RolloutEngine
from tests.unit.deployer.scenario import START


def release(version: int) -> Release:
    return Release(
        version=version,
        model_uri=f"models:/fraud/{version}",
        artefact_uri="runs:/r/bundle",
        digest=f"sha256:{version:064x}",
        threshold=0.5,
        reference_id="ref",
        lifecycle_id="life",
    )


ONE, TWO = release(1), release(2)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "config.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return path


@pytest.fixture(params=["memory", "git"])
def repository(request: pytest.FixtureRequest, bare: Path) -> ConfigRepository:
    """The fake, and what the engine that ships reads."""
    if request.param == "memory":
        return MemoryRepository()
    return GitRepository(str(bare), clone=bare.parent / "clone", pause=lambda _: None)


def goes_away(repository: ConfigRepository, bare: Path) -> None:
    if isinstance(repository, MemoryRepository):
        repository.away = True
    else:
        bare.rename(bare.with_suffix(".moved"))


@pytest.fixture(params=["embedded"])
def engine(request: pytest.FixtureRequest, repository: ConfigRepository) -> RolloutEngine:
    return EmbeddedEngine(repository)


def desire(repository: ConfigRepository, to: Release, champion: Release | None = None) -> None:
    change = promotion(
        "fraud", champion=champion, challenger=to, cause=f"c{to.version}", time=START, reason="r"
    )
    repository.write(change)


def test_a_challenger_takes_everything_only_while_the_repository_wants_it(
    engine: RolloutEngine, repository: ConfigRepository
) -> None:
    desire(repository, ONE)
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))

    with pytest.raises(EngineRefused):
        engine.apply("fraud", shares=watched(TWO, former=ONE))
    desire(repository, TWO, ONE)
    engine.apply("fraud", shares=watched(TWO, former=ONE))


def test_it_has_applied_nothing_to_a_model_it_does_not_know(engine: RolloutEngine) -> None:
    assert engine.observe("fraud") is None


def test_what_was_applied_is_observed_and_applying_it_again_changes_nothing(
    engine: RolloutEngine, repository: ConfigRepository
) -> None:
    desire(repository, ONE)
    for _ in range(2):
        engine.apply("fraud", shares=shares(ONE))

    seen = engine.observe("fraud")

    assert seen is not None
    assert seen.shares == shares(ONE)
    assert seen.desired is not None
    assert seen.desired.version == 1


def test_a_desired_challenger_gets_its_share_and_then_everything(
    engine: RolloutEngine, repository: ConfigRepository
) -> None:
    desire(repository, ONE)
    engine.apply("fraud", shares=shares(ONE))
    desire(repository, TWO, ONE)

    for applied in (
        shares(ONE, challenger=TWO),
        shares(ONE, challenger=TWO, weight=10),
        watched(TWO, former=ONE),
    ):
        engine.apply("fraud", shares=applied)
        seen = engine.observe("fraud")
        assert seen is not None
        assert seen.shares == applied


def test_a_challenger_the_repository_does_not_want_gets_no_share(
    engine: RolloutEngine, repository: ConfigRepository
) -> None:
    desire(repository, ONE)
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))

    with pytest.raises(EngineRefused) as refused:
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))

    assert refused.value.desired == 1
    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE, challenger=TWO)


def test_zero_needs_no_repository(
    engine: RolloutEngine, repository: ConfigRepository, bare: Path
) -> None:
    desire(repository, TWO)
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))
    engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))
    goes_away(repository, bare)

    with pytest.raises(EngineRefused):
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=20))
    engine.apply("fraud", shares=shares(ONE))

    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE)


def test_a_fresh_engine_takes_over_what_is_the_case(
    engine: RolloutEngine, repository: ConfigRepository, bare: Path
) -> None:
    goes_away(repository, bare)

    engine.take_over("fraud", shares=shares(ONE, challenger=TWO, weight=10))

    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE, challenger=TWO, weight=10)
    assert seen.desired is None


def test_a_fresh_engine_gives_no_challenger_weight_unasked(
    engine: RolloutEngine, repository: ConfigRepository
) -> None:
    desire(repository, ONE)

    with pytest.raises(EngineRefused):
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))

    assert engine.observe("fraud") is None


def test_what_another_replica_brought_about_meanwhile_is_taken_over_without_the_repository(
    engine: RolloutEngine, repository: ConfigRepository, bare: Path
) -> None:
    engine.apply("fraud", shares=shares(ONE))
    goes_away(repository, bare)

    engine.take_over("fraud", shares=shares(ONE, challenger=TWO, weight=50))
    engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=50))

    with pytest.raises(EngineRefused):
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=60))
