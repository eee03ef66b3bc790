"""The promises of a model registry, kept alike by MLflow and by the twin's folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from evermodel.common.events.payload import Name
from evermodel.common.events.training import Artefact
from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName, ReferenceId
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.domain.standing import Alias
from evermodel.registrar.ports import Candidate, ModelRegistry, UnknownVersion

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]


A, B, C = ("sha256:" + digit * 64 for digit in "abc")


class Bench:
    """A registry under test, with runs to register from and a model nobody else uses."""

    def __init__(self, registry: ModelRegistry, model: Name, run_id: str) -> None:
        self.registry, self.model, self.run_id = registry, model, run_id

    def candidate(self, event: str, *, digit: str = "a") -> Candidate:
        return Candidate(
            trained_by=EventId(event),
            lifecycle_id=LifecycleId("life"),
            run_id=self.run_id,
            artefact=Artefact(
                uri=f"runs:/{self.run_id}/bundle",
                digest="sha256:" + digit * 64,
                threshold=0.1234567890123,
                reference_id=ReferenceId("reference"),
            ),
        )

    def version(self, event: str, *, digit: str = "a") -> int:
        return self.registry.register(
            self.model, candidate=self.candidate(event, digit=digit)
        ).version

    def named(self, alias: str) -> int | None:
        found = self.registry.aliased(self.model, alias=cast(Alias, alias))
        return None if found is None else found.version


@pytest.fixture(params=["folder", "mlflow"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    name = request.node.name.partition("[")[0].removeprefix("test_")[:50].strip("_")
    model = ModelName(name)
    if request.param == "folder":
        yield Bench(DirectoryRegistry(tmp_path), model, "run")
        return
    uri = request.getfixturevalue("mlflow_server")
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s, only for this half

    run = MlflowClient(tracking_uri=uri).create_run("0")
    yield Bench(MlflowRegistry(uri), model, run.info.run_id)


def test_versions_count_from_one(bench: Bench) -> None:
    assert [bench.version(event) for event in ("a", "b", "c")] == [1, 2, 3]


def test_the_same_event_makes_no_second_version(bench: Bench) -> None:
    first = bench.registry.register(bench.model, candidate=bench.candidate("a"))
    assert bench.registry.register(bench.model, candidate=bench.candidate("a")) == first
    assert bench.version("b") == 2


def test_a_version_gives_back_what_it_was_made_from(bench: Bench) -> None:
    bench.version("a")
    bench.registry.set_alias(bench.model, alias="champion", version=1)
    found = bench.registry.aliased(bench.model, alias="champion")
    assert found is not None
    assert found.candidate == bench.candidate("a")


def test_an_unset_alias_names_nothing_with_or_without_versions(bench: Bench) -> None:
    assert bench.named("champion") is None
    bench.version("a")
    assert bench.named("champion") is None


def test_an_alias_moves_and_setting_it_twice_is_setting_it_once(bench: Bench) -> None:
    bench.version("a")
    bench.version("b")
    for version in (1, 2, 2):
        bench.registry.set_alias(bench.model, alias="champion", version=version)
    assert bench.named("champion") == 2


def test_an_alias_is_dropped_only_from_the_version_it_names(bench: Bench) -> None:
    bench.version("a")
    bench.version("b")
    bench.registry.set_alias(bench.model, alias="challenger", version=2)
    bench.registry.drop_alias(bench.model, alias="challenger", version=1)
    assert bench.named("challenger") == 2
    for _ in range(2):
        bench.registry.drop_alias(bench.model, alias="challenger", version=2)
    assert bench.named("challenger") is None


@pytest.mark.parametrize("first", [True, False])
def test_a_version_that_is_not_there_takes_no_alias(bench: Bench, first: bool) -> None:
    if not first:
        bench.version("a")
    with pytest.raises(UnknownVersion):
        bench.registry.set_alias(bench.model, alias="champion", version=9)


def test_quarantine_holds_the_artefact_whatever_version_carries_it(bench: Bench) -> None:
    assert not bench.registry.is_quarantined(bench.model, digest=A)
    bench.version("a", digit="a")
    bench.version("b", digit="b")
    bench.version("c", digit="a")
    for _ in range(2):
        bench.registry.quarantine(bench.model, digests=[A], reason="alerts tripled")
    bench.registry.quarantine(bench.model, digests=[A, C], reason="something else")
    assert bench.registry.is_quarantined(bench.model, digest=A)
    assert not bench.registry.is_quarantined(bench.model, digest=B)
    bench.registry.set_alias(bench.model, alias="last_verified", version=3)
    found = bench.registry.aliased(bench.model, alias="last_verified")
    assert found is not None
    assert found.quarantined == "alerts tripled"


def test_a_quarantine_that_is_lifted_is_gone(bench: Bench) -> None:
    bench.registry.quarantine(bench.model, digests=[A], reason="before there is any version")
    assert not bench.registry.is_quarantined(bench.model, digest=A)
    bench.version("a")
    bench.registry.quarantine(bench.model, digests=[A], reason="alerts tripled")
    bench.registry.quarantine(bench.model, digests=[], reason="a person lifted it")
    assert not bench.registry.is_quarantined(bench.model, digest=A)
