"""What every `Scoring` promises, whoever loads the model: TensorFlow or a formula."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from evermodel.artefact.bundle import digest_of
from evermodel.artefact.sample import write_sample
from evermodel.common.models.description import FeaturesSection
from evermodel.scorer.adapters.logistic_scoring import LogisticScoring
from evermodel.scorer.adapters.process_scoring import ProcessScoring
from evermodel.scorer.adapters.tensorflow_scoring import TensorflowScoring
from evermodel.scorer.ports import BundleRefused, Columns, LoadedVersion, Scoring

FEATURES = FeaturesSection(continuous=("AMOUNT",), flag=("NIGHT",))
WEIGHTS = {"AMOUNT": 0.02, "NIGHT": 1.0}
BIAS = -2.0


@dataclass(frozen=True)
class Kind:
    """One way of loading models, and how to write a bundle for it."""

    scoring: Scoring
    write: Callable[[Path], str]


def write_formula(bundle: Path) -> str:
    bundle.mkdir()
    (bundle / "logistic.json").write_text(json.dumps({"bias": BIAS, "weights": WEIGHTS}))
    return digest_of(bundle)


def write_saved_model(bundle: Path) -> str:
    return write_sample(bundle, features=FEATURES, weights=WEIGHTS, bias=BIAS)


KINDS: dict[
    str, tuple[Callable[[Path], AbstractContextManager[Scoring]], Callable[[Path], str]]
] = {
    "tensorflow": (lambda _: nullcontext(TensorflowScoring()), write_saved_model),
    "process": (lambda home: ProcessScoring(home=home), write_saved_model),
    "logistic": (lambda _: nullcontext(LogisticScoring(digest_of=digest_of)), write_formula),
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kind]:
    made, write = KINDS[request.param]
    with made(tmp_path_factory.mktemp("home")) as scoring:
        yield Kind(scoring, write)


@pytest.fixture(scope="module")
def model(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> LoadedVersion:
    bundle = tmp_path_factory.mktemp("model") / "bundle"
    return kind.scoring.load(bundle, digest=kind.write(bundle))


def columns(amounts: list[float]) -> Columns:
    return {
        "AMOUNT": np.array(amounts, dtype=np.float32),
        "NIGHT": np.zeros(len(amounts), dtype=np.float32),
    }


def test_one_probability_a_row_in_order(model: LoadedVersion) -> None:
    scores = model.score(columns([0.0, 100.0, 200.0]))
    expected = [1 / (1 + math.exp(-(BIAS + 0.02 * amount))) for amount in (0.0, 100.0, 200.0)]
    assert list(scores) == pytest.approx(expected, rel=1e-5)


def test_scores_are_plain_numbers(model: LoadedVersion) -> None:
    assert [type(score) for score in model.score(columns([1.0, 2.0]))] == [float, float]


def test_null_has_an_answer(model: LoadedVersion) -> None:
    assert 0.0 <= model.score(columns([math.nan]))[0] <= 1.0


def test_a_score_does_not_depend_on_the_rows_beside_it(model: LoadedVersion) -> None:
    amounts = [float(n) for n in range(300)]
    together = list(model.score(columns(amounts)))
    assert together == [model.score(columns([amount]))[0] for amount in amounts]


def test_columns_that_are_no_feature_are_ignored(model: LoadedVersion) -> None:
    extra = {**columns([1.0]), "OTHER": np.array(["x"], dtype=np.object_)}
    assert list(model.score(extra)) == list(model.score(columns([1.0])))


def test_a_missing_feature_is_an_error_and_never_a_guess(model: LoadedVersion) -> None:
    with pytest.raises((ValueError, KeyError)):
        model.score({"NIGHT": np.zeros(1, dtype=np.float32)})


def test_another_digest_is_refused(kind: Kind, tmp_path: Path) -> None:
    kind.write(tmp_path / "bundle")
    with pytest.raises(BundleRefused, match="digest"):
        kind.scoring.load(tmp_path / "bundle", digest="sha256:" + "0" * 64)


def test_a_bundle_without_a_model_is_refused(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "notes.txt").write_text("no model here")
    with pytest.raises(BundleRefused):
        kind.scoring.load(tmp_path / "bundle", digest=digest_of(tmp_path / "bundle"))


def test_the_scoring_process_answers_bit_by_bit_what_one_process_does(tmp_path: Path) -> None:
    """Decisions of the twin and of production must not differ."""
    rng = np.random.default_rng(7)
    features = FeaturesSection(continuous=("AMOUNT",), flag=("NIGHT",), categorical=("SHOP",))
    digest = write_sample(tmp_path / "bundle", features=features, weights=WEIGHTS | {"SHOP": 0.1})
    amounts = np.where(rng.random(500) < 0.1, np.nan, rng.lognormal(2, 1, 500))
    given: Columns = {
        "AMOUNT": amounts.astype(np.float32),
        "NIGHT": rng.integers(0, 2, 500).astype(np.float32),
        "SHOP": np.array(["", "a", "Übergröße", "\0", "9" * 40] * 100, dtype=np.object_),
    }
    alone = TensorflowScoring().load(tmp_path / "bundle", digest=digest)
    with ProcessScoring(home=tmp_path) as scoring:
        beside = scoring.load(tmp_path / "bundle", digest=digest)
        assert beside.score(given) == alone.score(given)
