"""A bounded process takes no more than it was given, and leaves nobody behind."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evermodel.common.runtime.bounded import (
    ORPHANED,
    Bounds,
    Overran,
    inherited,
    last_words,
    run_bounded,
)
from tests.unit.runtime.offspring import is_gone

AMPLE = Bounds(60, 512)
WAIT = "import threading; threading.Event().wait()"


def run(program: str, folder: Path, *, bounds: Bounds = AMPLE) -> int:
    return run_bounded(
        [sys.executable, "-c", program],
        bounds=bounds,
        log=folder / "log",
        environment={"ONLY": "this"},
    )


def is_soon_gone(pid: int) -> bool:
    """Return whether a process that was killed has ended: that may take the kernel a moment."""
    return any(is_gone(pid) or threading.Event().wait(0.05) for _ in range(600))


def test_its_code_and_its_words_come_back(tmp_path: Path) -> None:
    assert run("import sys; print('said', flush=True); sys.exit('loud')", tmp_path) == 1
    assert last_words(tmp_path / "log").split() == ["said", "loud"]
    assert last_words(tmp_path / "log", length=5) == "loud\n"
    assert run("import os; os.kill(os.getpid(), 9)", tmp_path) == -signal.SIGKILL


def test_it_is_given_the_environment_that_was_named_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "s3cret")
    run("import os; print(os.environ.get('ONLY'), 's3cret' in str(os.environ))", tmp_path)
    assert last_words(tmp_path / "log").split() == ["this", "False"]
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    assert inherited("MLFLOW_TRACKING_TOKEN", "NO_SUCH") == {"MLFLOW_TRACKING_TOKEN": "t"}


@pytest.mark.parametrize(
    ("program", "bounds", "why"),
    [
        (WAIT, Bounds(0.5, 512), "ran longer than 0.5 s"),
        (f"held = b'x' * (200 << 20); {WAIT}", Bounds(60, 100), "took more than 100 MB"),
        (
            "import subprocess, sys; "
            f"""subprocess.run([sys.executable, "-c", "held = b'x' * (200 << 20); {WAIT}"])""",
            Bounds(60, 100),
            "took more than 100 MB",
        ),
    ],
    ids=["time", "memory", "memory of what it started"],
)
def test_what_overruns_is_ended_and_the_reason_said(
    program: str, bounds: Bounds, why: str, tmp_path: Path
) -> None:
    with pytest.raises(Overran, match=why):
        run(program, tmp_path, bounds=bounds)


@pytest.mark.guarantee(
    "outside",
    fault="a child ends and leaves a process that it has started",
    promise="that is ended as well",
    seen="nothing",
)
def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys; "
        f"print(subprocess.Popen([sys.executable, '-c', {WAIT!r}]).pid, flush=True)"
    )
    assert run(program, tmp_path) == 0
    assert is_soon_gone(int(last_words(tmp_path / "log")))


def test_it_ends_with_the_one_who_started_it() -> None:
    child = f"from evermodel.common.runtime.bounded import *; end_with_starter(); {WAIT}"
    process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == ORPHANED
