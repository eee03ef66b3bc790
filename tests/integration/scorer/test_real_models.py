"""Two real SavedModels side by side, from bundle folders to scored payments."""

import json
from pathlib import Path

import pytest

from evermodel.artefact.bundle import digest_of
from evermodel.artefact.sample import write_sample
from evermodel.common.events.traffic import ScoredTransaction
from evermodel.common.models.file import parse_model
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.folder_bundles import FolderDownload
from evermodel.scorer.adapters.tensorflow_scoring import TensorflowScoring
from evermodel.scorer.wiring import assemble
from tests.unit.scorer.bench import MODEL, Bench, FormulaStore, payment, play, record

WEIGHTS = {1: {"TX_AMOUNT": 0.01}, 2: {"TX_AMOUNT": 0.02, "MERCHANT": 0.5}}


@pytest.fixture(scope="module")
def digests(store: Path) -> dict[int, str]:
    features = parse_model(MODEL, source="test").features
    return {
        version: write_sample(store / f"v{version}", features=features, weights=weights)
        for version, weights in WEIGHTS.items()
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def bench(store: Path, tmp_path: Path) -> Bench:
    bundles = CachedBundles(tmp_path / "cache", download=FolderDownload(store), digest_of=digest_of)
    models = {"fraud": parse_model(MODEL, source="test")}
    spec = assemble(models=models, bundles=bundles, scoring=TensorflowScoring())
    return Bench(spec, FormulaStore())


def served(store: Path, digest: str, version: int, *, role: str, weight: int) -> dict[str, object]:
    made = play(version, role=role, weight=weight, digest=digest)
    return made | {"artefact": made["artefact"] | {"uri": str(store / f"v{version}")}}


def test_both_versions_score_every_payment_and_each_decides_its_share(
    bench: Bench, store: Path, digests: dict[int, str]
) -> None:
    applied = bench.step(
        served(store, digests[1], 1, role="champion", weight=80),
        served(store, digests[2], 2, role="challenger", weight=20),
    )
    assert [v.state for v in applied.versions] == ["ready", "ready"]
    rows = [
        ScoredTransaction.model_validate_json(out.value or b"")
        for out in bench.react(
            [record(payment(CUSTOMER_ID=n, MERCHANT=None), offset=n) for n in range(1000)]
        ).records
    ]
    assert all(set(row.scores) == {"1", "2"} for row in rows)
    assert 120 < sum(row.decided_by == 2 for row in rows) < 280
    assert [row.scores["1"] for row in rows] == [pytest.approx(0.549834, rel=1e-5)] * 1000
    assert [row.scores["2"] for row in rows] == [pytest.approx(0.598688, rel=1e-5)] * 1000


def test_null_and_unseen_categories_have_an_answer(
    bench: Bench, store: Path, digests: dict[int, str]
) -> None:
    bench.step(served(store, digests[2], 2, role="champion", weight=100))
    rows = bench.score(payment(MERCHANT=None), payment(MERCHANT=12), payment(TX_AMOUNT=None))
    assert all(row["decision"] == "alert" for row in rows)


def test_a_bundle_that_was_tampered_with_never_serves(
    bench: Bench, store: Path, digests: dict[int, str], tmp_path: Path
) -> None:
    manifest = json.loads((store / "v2" / "bundle.json").read_text())
    forged = tmp_path / "v2"
    write_sample(forged, features=parse_model(MODEL, source="test").features, weights={}, bias=-9.0)
    (forged / "bundle.json").write_text(json.dumps(manifest | {"threshold": 0.01}))
    applied = bench.step(
        served(store, digests[1], 1, role="champion", weight=80),
        served(tmp_path, digests[2], 2, role="challenger", weight=20),
    )
    assert [v.state for v in applied.versions] == ["ready", "failed"]
    assert "digest" in applied.versions[1].reason
    assert {
        row["decided_by"] for row in bench.score(*(payment(CUSTOMER_ID=n) for n in range(99)))
    } == {1}
