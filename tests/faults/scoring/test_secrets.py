"""What a model, which is a program, finds where it is loaded: no password, no file of ours."""

import os
from pathlib import Path

import pytest

from evermodel.scorer.adapters.process_scoring import ProcessScoring
from tests.faults.scoring import models
from tests.faults.scoring.models import amounts
from tests.faults.scoring.planted import SECRETS


@pytest.mark.guarantee(
    "security",
    fault="a model in service writes its process's environment into a file whenever it is asked",
    promise="no password is in it, and no file, socket or pipe of the scorer is open there but the "
    "two channels",
    seen="/proc/<pid>/environ and fd of evermodel.scorer.child",
)
def test_a_model_that_tells_its_environment_away_has_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    told, bundle = tmp_path / "told", tmp_path / "bundle"
    digest = models.telling(bundle, into=told)
    held = os.open(tmp_path / "ours", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(held, True)
    try:
        with ProcessScoring(home=tmp_path) as scoring:
            assert scoring.load(bundle, digest=digest).score(amounts(1.0))
            seen = Path(f"/proc/{scoring.pid}/environ").read_bytes()
            opened = {str(fd.readlink()) for fd in Path(f"/proc/{scoring.pid}/fd").iterdir()}
    finally:
        os.close(held)
    assert told.read_bytes() == seen, "the model ran, and told all there was"
    assert {entry.partition(b"=")[0] for entry in seen.split(b"\0") if entry} == {
        *(b"PATH", b"HOME", b"LANG", b"PYTHONHASHSEED", b"TF_CPP_MIN_LOG_LEVEL"),
        *(b"PYTHONSAFEPATH", b"KERAS_HOME"),
    }
    assert b"planted" not in seen
    assert str(tmp_path / "ours") not in opened
    assert sum(target.startswith("socket:") for target in opened) == 2, opened
