"""What every `Bundles` promises, wherever the bundles lie: in MLflow or in folders."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from evermodel.artefact.bundle import digest_of
from evermodel.scorer.adapters.cached_bundles import CachedBundles, Download
from evermodel.scorer.adapters.folder_bundles import FolderDownload
from evermodel.scorer.adapters.mlflow_bundles import MlflowDownload
from evermodel.scorer.ports import BundleRefused

ABSENT = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Store:
    """A store with its download, and how to publish a bundle in it."""

    download: Download
    publish: Callable[[Path], str]
    absent: str


def folder_store(root: Path, _database: str = "") -> Store:
    def publish(bundle: Path) -> str:
        target = root / "run-1" / "bundle"
        target.parent.mkdir(parents=True)
        bundle.rename(target)
        return "runs:/run-1/bundle"

    return Store(FolderDownload(root), publish, "runs:/run-2/bundle")


def mlflow_store(root: Path, database: str) -> Store:
    import mlflow  # noqa: PLC0415  # seconds: only who needs it pays

    client = mlflow.MlflowClient(database)
    location = (root / "artifacts").as_uri()
    experiment = client.create_experiment(str(root), artifact_location=location)
    run = client.create_run(experiment).info.run_id

    def publish(bundle: Path) -> str:
        client.log_artifacts(run, str(bundle), "bundle")
        return f"runs:/{run}/bundle"

    return Store(MlflowDownload(database), publish, f"runs:/{run}/nothing")


pytestmark = [
    # MLflow's own schema uses what SQLAlchemy 2.1 deprecates; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One for all tests: MLflow takes seconds to make its tables, a run is apart from others."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(params=[folder_store, mlflow_store], ids=["folder", "mlflow"])
def store(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Store:
    root = tmp_path / "store"
    root.mkdir()
    made: Store = request.param(root, database)
    return made


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    (folder / "saved_model").mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")
    (folder / "saved_model" / "weights").write_bytes(b"\x00\x01")
    return folder


def test_what_was_published_arrives_whole(store: Store, bundle: Path, tmp_path: Path) -> None:
    digest = digest_of(bundle)
    bundles = CachedBundles(tmp_path / "cache", download=store.download, digest_of=digest_of)
    fetched = bundles.fetch(store.publish(bundle), digest=digest)
    assert (fetched / "saved_model" / "weights").read_bytes() == b"\x00\x01"
    assert digest_of(fetched) == digest
    assert not list((tmp_path / "cache").glob(".incoming-*"))


def test_another_digest_is_refused_and_not_kept(store: Store, bundle: Path, tmp_path: Path) -> None:
    bundles = CachedBundles(tmp_path / "cache", download=store.download, digest_of=digest_of)
    with pytest.raises(BundleRefused, match=ABSENT):
        bundles.fetch(store.publish(bundle), digest=ABSENT)
    assert not list((tmp_path / "cache").iterdir())


def test_what_is_not_there_is_refused(store: Store, bundle: Path, tmp_path: Path) -> None:
    store.publish(bundle)
    bundles = CachedBundles(tmp_path / "cache", download=store.download, digest_of=digest_of)
    with pytest.raises(BundleRefused, match="runs:/"):
        bundles.fetch(store.absent, digest=ABSENT)


def test_a_bundle_kept_here_needs_no_store(bundle: Path, tmp_path: Path) -> None:
    digest = digest_of(bundle)
    store = folder_store(tmp_path / "store")
    cache = tmp_path / "cache"
    CachedBundles(cache, download=store.download, digest_of=digest_of).fetch(
        store.publish(bundle), digest=digest
    )
    offline = CachedBundles(cache, download=never, digest_of=digest_of)
    assert digest_of(offline.fetch("runs:/run-1/bundle", digest=digest)) == digest


@pytest.mark.parametrize("damage", ["changed", "emptied"])
def test_a_bundle_damaged_on_this_disk_is_fetched_again(
    bundle: Path, tmp_path: Path, damage: str
) -> None:
    digest = digest_of(bundle)
    store = folder_store(tmp_path / "store")
    bundles = CachedBundles(tmp_path / "cache", download=store.download, digest_of=digest_of)
    uri = store.publish(bundle)
    kept = bundles.fetch(uri, digest=digest)
    (kept / "bundle.json").write_text("{}!")
    if damage == "emptied":
        (kept / "bundle.json").unlink()
        (kept / "saved_model" / "weights").unlink()
    assert digest_of(bundles.fetch(uri, digest=digest)) == digest


def never(uri: str, into: Path) -> Path:
    raise AssertionError(f"{uri} was fetched")
