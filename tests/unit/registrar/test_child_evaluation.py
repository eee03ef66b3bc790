"""The child is bounded, and however it ends the answer says so."""

import errno
from pathlib import Path

import pytest

from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.domain.evidence import NotEvaluated, Unloadable
from tests.unit.registrar.samples import PLAN

HEAD = """import sys
from pathlib import Path
from evermodel.common.runtime.ahead import take_job
plan, result = take_job(lambda: None)
"""


def run(program: str, tmp_path: Path, *, memory_mb: int = 512, max_seconds: float = 60) -> object:
    (tmp_path / "stand_in.py").write_text(HEAD + program)
    bounded = ChildEvaluation(
        max_seconds=max_seconds,
        max_memory_mb=memory_mb,
        home=tmp_path,
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    return bounded(PLAN, tmp_path)


@pytest.mark.guarantee(
    "security",
    fault="the registrar's environment holds KAFKA_SASL_PASSWORD",
    promise="the process that loads the candidate has none of it",
    seen="/proc/<pid>/environ of evermodel.registrar.child",
)
def test_no_password_of_ours_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "s3cret")
    program = "import os\nsys.exit(str('s3cret' in str(os.environ)))"
    assert run(program, tmp_path) == NotEvaluated("the evaluation ended with 1: False")


def test_what_it_writes_is_the_evidence(tmp_path: Path) -> None:
    program = """Path(result).write_text('{"problem": "no manifest"}')"""
    assert run(program, tmp_path) == Unloadable("no manifest")


@pytest.mark.guarantee(
    "outside",
    fault="an evaluation's process ends badly: '{problem}'",
    promise="no evidence: the champion stays, the candidate is not called bad",
    seen="model.validated rejected, its reason 'the evaluation …'; evermodel_validations_total",
)
@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("sys.exit('no such file')", "the evaluation ended with 1: no such file"),
        ("", "the evaluation left no readable result: FileNotFoundError"),
        (
            "Path(result).write_text('{')",
            "the evaluation left no readable result: ValidationError",
        ),
    ],
)
def test_a_bad_end_blames_nobody(program: str, problem: str, tmp_path: Path) -> None:
    assert run(program, tmp_path) == NotEvaluated(problem)


def test_a_machine_that_cannot_read_the_result_now_says_nothing_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_handle(_path: Path) -> bytes:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(Path, "read_bytes", no_handle)
    with pytest.raises(OSError, match="too many open files"):
        run("""Path(result).write_text('{"problem": "no manifest"}')""", tmp_path)


@pytest.mark.guarantee(
    "outside",
    fault="an evaluation hangs",
    promise="it is ended; the champion stays",
    seen="model.validated rejected, its reason 'the evaluation …'; evermodel_validations_total",
)
def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    program = "import threading; threading.Event().wait()"
    found = run(program, tmp_path, max_seconds=1)
    assert found == NotEvaluated("the evaluation ran longer than 1 s")


@pytest.mark.guarantee(
    "outside",
    fault="an evaluation takes too much memory",
    promise="it is ended; the champion stays",
    seen="model.validated rejected, its reason 'the evaluation …'; evermodel_validations_total",
)
def test_a_child_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    program = "import threading\nheld = b'x' * (200 << 20)\nthreading.Event().wait()"
    found = run(program, tmp_path, memory_mb=100)
    assert found == NotEvaluated("the evaluation took more than 100 MB")
