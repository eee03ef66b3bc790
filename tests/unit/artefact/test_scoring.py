"""Serving a bundle: digest first, then TensorFlow, then scores."""

import errno
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evermodel.artefact.bundle import BadBundle, digest_of, read_manifest, write_manifest
from evermodel.artefact.columns import BadColumns
from evermodel.artefact.sample import write_sample
from evermodel.artefact.scoring import Scorer, load, warm
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.models.description import FeaturesSection

FEATURES = FeaturesSection(
    continuous=("amount", "class"), categorical=("merchant",), flag=("night",)
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("sample") / "bundle"
    weights = {"amount": 0.5, "class": -1.0, "merchant": 0.25, "night": 1.0}
    return path, write_sample(path, features=FEATURES, weights=weights, bias=-1.0)


@pytest.fixture(scope="module")
def scorer(sample: tuple[Path, str]) -> Scorer:
    path, digest = sample
    return load(path, expect_digest=digest)


def test_scores_are_what_the_model_says_nulls_and_unseen_levels_included(scorer: Scorer) -> None:
    scores = scorer.score(
        {"amount": [2.0, None], "class": [1, 0], "merchant": ["ab", None], "night": [True, None]}
    )
    expected = 1 / (1 + np.exp(-np.array([-1 + 1 - 1 + 0.5 + 1, -1])))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert list(scorer.alerts(scores)) == [True, False]


def test_a_score_does_not_depend_on_the_rows_it_travels_with(scorer: Scorer) -> None:
    random = np.random.default_rng(1)
    rows = 9000
    columns = {
        "amount": random.normal(size=rows),
        "class": random.normal(size=rows),
        "merchant": random.choice(["a", "bb", "ccc"], rows),
        "night": random.integers(0, 2, rows),
    }
    whole = scorer.score(columns)
    for start, end in ((0, 1), (5, 12), (63, 128), (100, 5000)):
        part = scorer.score({name: column[start:end] for name, column in columns.items()})
        np.testing.assert_array_equal(part, whole[start:end])


def test_no_rows_give_no_scores(scorer: Scorer) -> None:
    assert scorer.score({"amount": [], "class": [], "merchant": [], "night": []}).shape == (0,)


def test_a_missing_column_is_an_error_and_not_a_guess(scorer: Scorer) -> None:
    with pytest.raises(BadColumns, match="merchant"):
        scorer.score({"amount": [1.0], "class": [1], "night": [0]})


def test_a_changed_byte_is_refused_before_tensorflow_is_even_imported(
    sample: tuple[Path, str], tmp_path: Path
) -> None:
    path, digest = sample
    broken = tmp_path / "bundle"
    shutil.copytree(path, broken)
    with (broken / "saved_model" / "saved_model.pb").open("ab") as file:
        file.write(b"x")
    script = (
        "import sys; from pathlib import Path; from evermodel.artefact.scoring import load\n"
        f"try: load(Path({str(broken)!r}), expect_digest={digest!r})\n"
        "except ValueError as error: print(type(error).__name__, 'tensorflow' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert answer.stdout.decode().split() == ["BadBundle", "False"]


def test_a_file_that_tensorflow_cannot_load_is_a_bad_bundle(
    sample: tuple[Path, str], tmp_path: Path
) -> None:
    broken = tmp_path / "bundle"
    shutil.copytree(sample[0], broken)
    (broken / "saved_model" / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(BadBundle, match="cannot load"):
        load(broken, expect_digest=digest_of(broken))


def test_a_manifest_that_does_not_fit_the_signature_is_refused(
    sample: tuple[Path, str], tmp_path: Path
) -> None:
    broken = tmp_path / "bundle"
    shutil.copytree(sample[0], broken)
    manifest = read_manifest(broken)
    write_manifest(broken, manifest.model_copy(update={"features": manifest.features[:-1]}))
    with pytest.raises(BadBundle, match="night"):
        load(broken, expect_digest=digest_of(broken))


def test_an_answer_that_is_no_number_is_refused_at_load(tmp_path: Path) -> None:
    features = FeaturesSection(continuous=("x",))
    digest = write_sample(tmp_path / "b", features=features, weights={}, bias=float("nan"))
    with pytest.raises(BadBundle, match="probability"):
        load(tmp_path / "b", expect_digest=digest)


def test_a_hundred_columns_are_served(tmp_path: Path) -> None:
    names = tuple(f"column {n}" for n in range(100))
    features = FeaturesSection(continuous=names[:60], categorical=names[60:])
    digest = write_sample(tmp_path / "b", features=features, weights={names[0]: 1.0})
    scores = load(tmp_path / "b", expect_digest=digest).score(
        {**{n: [0.0, 1.0] for n in names[:60]}, **{n: ["x", None] for n in names[60:]}}
    )
    np.testing.assert_allclose(scores, [0.5, 1 / (1 + np.exp(-1))], rtol=1e-6)


@pytest.fixture(params=["python", "system", "tensorflow"])
def lack(request: pytest.FixtureRequest) -> tuple[Exception, type[Exception]]:
    """What says nothing about the bundle, and as what it is raised."""
    errors = start_tensorflow(threads=1).errors
    lacks: dict[str, tuple[Exception, type[Exception]]] = {
        "python": (MemoryError(), MemoryError),
        "system": (OSError(errno.EMFILE, "too many open files"), OSError),
        "tensorflow": (errors.ResourceExhaustedError(None, None, "OOM"), MemoryError),
    }
    return lacks[request.param]


def test_what_the_machine_lacks_while_a_bundle_is_loaded_is_not_the_bundles_fault(
    sample: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    lack: tuple[Exception, type[Exception]],
) -> None:
    raised, seen = lack

    def load_model(_: str) -> None:
        raise raised

    monkeypatch.setattr(start_tensorflow(threads=1).saved_model, "load", load_model)
    path, digest = sample
    with pytest.raises(seen):
        load(path, expect_digest=digest)


def test_what_the_machine_lacks_in_a_first_call_is_not_the_bundles_fault(
    scorer: Scorer, lack: tuple[Exception, type[Exception]]
) -> None:
    raised, seen = lack

    def signature(**_: object) -> None:
        raise raised

    with pytest.raises(seen):
        warm(replace(scorer, _signature=signature))


def test_an_error_of_the_system_that_tells_of_a_broken_file_is_the_bundles(
    scorer: Scorer,
) -> None:
    def signature(**_: object) -> None:
        raise OSError("cannot parse file")  # as TensorFlow says it: no errno

    with pytest.raises(BadBundle, match="cannot parse file"):
        warm(replace(scorer, _signature=signature))
