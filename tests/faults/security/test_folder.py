"""The folder that evermodel is started in holds a person's files, named as that person likes."""

import os
import subprocess
from pathlib import Path

import pytest

from evermodel.embedded.services import ROLES
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.adapters.plan import Bundle, Plan
from evermodel.registrar.domain.evidence import Unloadable
from tests.unit.registrar.samples import DIGEST, MODEL

#: Modules of Python's own that every process of ours imports.
TAKEN = ("random", "queue", "calendar")

CHILD = """
from pathlib import Path
from random import Random
from evermodel.common.runtime.ahead import take_job
plan, result = take_job(lambda: None)
Path(result).write_text('{"problem": "%s"}' % Random(0).random())
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with programs of a person's own; importing one of them leaves a mark there."""
    folder = tmp_path / "desk"
    folder.mkdir()
    for name in TAKEN:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'mark')!r}, 'w').write('x')\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.guarantee(
    "security",
    fault="`evermodel up` is started in a folder that holds a random.py",
    promise="no service imports it",
    seen="nothing: it works",
)
def test_a_service_imports_nothing_of_the_folder_it_is_started_in(desk: Path) -> None:
    command = ROLES[-2].arguments
    unset = {k: v for k, v in os.environ.items() if not k.startswith(("EVERMODEL_", "KAFKA_"))}
    ended = subprocess.run(command, env=unset, capture_output=True, text=True, check=False)
    assert (ended.returncode, "EVERMODEL_MODELS" in ended.stderr) == (2, True), ended.stderr
    assert not (desk / "mark").exists()


@pytest.mark.guarantee(
    "security",
    fault="a service was started in a folder that holds a random.py",
    promise="the processes that load models do not import it",
    seen="nothing: it works",
)
def test_a_child_imports_nothing_of_the_folder_it_is_started_in(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "stand_in.py").write_text(CHILD)
    run = ChildEvaluation(
        max_seconds=60,
        max_memory_mb=512,
        home=tmp_path,
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    plan = Plan(model=MODEL, candidate=Bundle(path="x", digest=DIGEST), holdout="x")
    assert run(plan, tmp_path) == Unloadable("0.8444218515250481")
    assert not (desk / "mark").exists()
