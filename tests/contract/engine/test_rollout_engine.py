"""What every rollout engine promises. The argo engine joins the parameters here."""

import pytest

from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.domain.changes import promotion
from evermodel.deployer.domain.release import Release, shares, watched
from evermodel.deployer.ports import EngineRefused, RolloutEngine
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
def repository() -> MemoryRepository:
    return MemoryRepository()


@pytest.fixture(params=["embedded"])
def engine(request: pytest.FixtureRequest, repository: MemoryRepository) -> RolloutEngine:
    return EmbeddedEngine(repository)


def desire(repository: MemoryRepository, to: Release, champion: Release | None = None) -> None:
    change = promotion(
        "fraud", champion=champion, challenger=to, cause=f"c{to.version}", time=START, reason="r"
    )
    repository.write(change)


def test_a_challenger_takes_everything_only_while_the_repository_wants_it(
    engine: RolloutEngine, repository: MemoryRepository
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
    engine: RolloutEngine, repository: MemoryRepository
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
    engine: RolloutEngine, repository: MemoryRepository
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
    engine: RolloutEngine, repository: MemoryRepository
) -> None:
    desire(repository, ONE)
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))

    with pytest.raises(EngineRefused) as refused:
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))

    assert refused.value.desired == 1
    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE, challenger=TWO)


def test_zero_needs_no_repository(engine: RolloutEngine, repository: MemoryRepository) -> None:
    desire(repository, TWO)
    engine.apply("fraud", shares=shares(ONE, challenger=TWO))
    engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))
    repository.away = True

    with pytest.raises(EngineRefused):
        engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=20))
    engine.apply("fraud", shares=shares(ONE))

    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE)


def test_a_fresh_engine_takes_over_what_is_the_case(
    engine: RolloutEngine, repository: MemoryRepository
) -> None:
    repository.away = True

    engine.apply("fraud", shares=shares(ONE, challenger=TWO, weight=10))

    seen = engine.observe("fraud")
    assert seen is not None
    assert seen.shares == shares(ONE, challenger=TWO, weight=10)
    assert seen.desired is None
