"""What a bundle says of itself, and the digest that names it."""

import os
from pathlib import Path

import pytest

from evermodel.artefact.bundle import (
    BadBundle,
    Manifest,
    digest_of,
    features_of,
    read_manifest,
    verify,
    write_manifest,
)
from evermodel.common.kernel.ids import ModelName, ReferenceId
from evermodel.common.models.description import FeaturesSection


def manifest(*names: str) -> Manifest:
    return Manifest(
        model=ModelName("fraud"),
        features=features_of(FeaturesSection(continuous=names or ("amount",))),
        threshold=0.25,
        reference_id=ReferenceId("r"),
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "saved_model" / "variables").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"graph")
    (folder / "saved_model" / "variables" / "variables.index").write_bytes(b"index")
    write_manifest(folder, manifest())
    return folder


def test_a_manifest_reads_back_as_written(bundle: Path) -> None:
    assert read_manifest(bundle) == manifest()


def test_the_digest_does_not_depend_on_where_the_bundle_lies(bundle: Path, tmp_path: Path) -> None:
    before = digest_of(bundle)
    moved = bundle.rename(tmp_path / "elsewhere")
    assert digest_of(moved) == before


def test_empty_folders_do_not_count_because_artefact_stores_drop_them(bundle: Path) -> None:
    before = digest_of(bundle)
    (bundle / "saved_model" / "assets").mkdir()
    assert digest_of(bundle) == before


@pytest.mark.guarantee(
    "security",
    fault="a byte or a name in a bundle is changed, a file added or taken away",
    promise="another digest",
    seen="sha256:… in model.trained, MLflow's tag and Git",
)
def test_every_byte_and_every_name_counts(bundle: Path) -> None:
    seen = {digest_of(bundle)}
    (bundle / "saved_model" / "saved_model.pb").write_bytes(b"Graph")
    seen.add(digest_of(bundle))
    (bundle / "saved_model" / "saved_model.pb").rename(bundle / "saved_model" / "other.pb")
    seen.add(digest_of(bundle))
    (bundle / "saved_model" / "more").write_bytes(b"")
    seen.add(digest_of(bundle))
    assert len(seen) == 4


def test_another_digest_is_refused_and_both_are_named(bundle: Path) -> None:
    wrong = "sha256:" + "0" * 64
    with pytest.raises(BadBundle, match=f"{digest_of(bundle)}, expected {wrong}"):
        verify(bundle, expect_digest=wrong)


@pytest.mark.guarantee(
    "security",
    fault="a file in a bundle is a symbolic link",
    promise="refused before anything is loaded",
    seen="'neither file nor folder: …'",
)
def test_a_symbolic_link_is_refused_even_when_its_target_is_sound(bundle: Path) -> None:
    graph = bundle / "saved_model" / "saved_model.pb"
    target = graph.rename(bundle.parent / "graph")
    graph.symlink_to(target)
    with pytest.raises(BadBundle, match=r"saved_model/saved_model\.pb"):
        digest_of(bundle)


@pytest.mark.guarantee(
    "security",
    fault="a folder in a bundle is a symbolic link",
    promise="refused before anything is loaded",
    seen="'neither file nor folder: …'",
)
def test_a_linked_folder_is_refused(bundle: Path) -> None:
    (bundle / "extra").symlink_to(bundle.parent)
    with pytest.raises(BadBundle, match="extra"):
        digest_of(bundle)


def test_a_bundle_that_is_itself_a_link_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bundle)
    with pytest.raises(BadBundle, match="not a folder"):
        digest_of(tmp_path / "link")


def test_a_pipe_is_refused_and_not_waited_for(bundle: Path) -> None:
    os.mkfifo(bundle / "pipe")
    with pytest.raises(BadBundle, match="pipe"):
        digest_of(bundle)


@pytest.mark.guarantee(
    "security",
    fault="a file in a bundle is called {name!r}",
    promise="refused before anything is loaded",
    seen="'odd name in the bundle: …'",
)
@pytest.mark.parametrize("name", ["a b", "line\nbreak", "back\\slash", "naïve"])
def test_odd_names_are_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"")
    with pytest.raises(BadBundle, match="odd name"):
        digest_of(bundle)


def test_nothing_at_all_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match="no files"):
        digest_of(tmp_path)
    with pytest.raises(BadBundle, match="not a folder"):
        digest_of(tmp_path / "absent")
    with pytest.raises(BadBundle, match=r"no readable bundle\.json"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("not json", "JSON"),
        ("{}", "model"),
        ('{"model": "fraud", "features": [], "threshold": 0.5, "reference_id": "r"}', "features"),
        (
            '{"model": "fraud", "threshold": 1.5, "reference_id": "r", "features": []}',
            "threshold",
        ),
    ],
)
def test_a_wrong_manifest_says_where(bundle: Path, text: str, names: str) -> None:
    (bundle / "bundle.json").write_text(text)
    with pytest.raises(BadBundle, match=names):
        read_manifest(bundle)


def test_columns_that_are_no_identifiers_get_an_argument_of_their_own() -> None:
    names = ("class", "Betrag (EUR)", "input_1", "self", "TX_AMOUNT", "match")
    features = features_of(FeaturesSection(continuous=names))
    arguments = [feature.argument for feature in features]
    assert [feature.name for feature in features] == list(names)
    assert arguments == ["input_0", "input_1_", "input_1", "input_3", "TX_AMOUNT", "input_5"]
