"""References of very many models: each is read from the lake once, not with every batch."""

from pathlib import Path

import pytest

from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.lake.layout import reference_folder
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import referenced

MODELS = 100


def test_each_models_reference_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, read = referenced(), list[Path]()
    for number in range(MODELS):
        made.save(tmp_path / reference_folder(f"model-{number}", made.reference_id))

    def load(path: Path, *, expect: str | None = None) -> Reference:
        read.append(path)
        return made

    monkeypatch.setattr(Reference, "load", load)
    references = LakeReferences(tmp_path, models=MODELS)
    for _batch in range(3):
        for number in range(MODELS):
            assert references.get(f"model-{number}", made.reference_id) is made
    assert len(read) == MODELS
