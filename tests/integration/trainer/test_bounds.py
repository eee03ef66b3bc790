"""A child that crashes, hangs, takes too much or loses its starter."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from evermodel.trainer.adapters.process_child import LOG, ProcessChild
from evermodel.trainer.ports import REPORT, ChildFailed
from tests.integration.trainer.lakes import description, plan

Folder = Callable[[str], Path]


def child_that(code: str, cache: Path) -> ProcessChild:
    return ProcessChild(monotonic=time.monotonic, cache=cache, command=(sys.executable, "-c", code))


@pytest.mark.guarantee(
    "outside",
    fault="a training's process ends with {says} or leaves garbage as its report",
    promise="a failed training that says why; no half model",
    seen="trainer logs '<model>: training failed: …'; evermodel_trainings_total, outcome failed",
)
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import sys; open(sys.argv[2] + '/report.json', 'w').write('{')", "exit code 0"),
    ],
)
def test_a_child_that_ends_without_a_report_failed(
    code: str, says: str, cache: Path, folder: Folder, lake: Path
) -> None:
    with pytest.raises(ChildFailed, match=says):
        child_that(code, cache).run(plan(lake), folder=folder("made"))


@pytest.mark.guarantee(
    "outside",
    fault="a training hangs beyond max_seconds, and has started a process",
    promise="both are ended",
    seen="trainer logs '<model>: training failed: …'; evermodel_trainings_total, outcome failed",
)
def test_a_child_that_runs_too_long_is_ended_with_all_it_started(
    cache: Path, folder: Folder, lake: Path
) -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(sys.argv[2] + '/pid', 'w').write(str(p.pid)); time.sleep(600)"
    )
    made = folder("made")
    model = description(training={"max_seconds": 1.5})
    with pytest.raises(ChildFailed, match=r"ran longer than 1\.5 s"):
        child_that(code, cache).run(plan(lake, model=model), folder=made)
    assert gone(int((made / "pid").read_text()))


@pytest.mark.guarantee(
    "outside",
    fault="a training takes more than max_memory_mb",
    promise="it is ended before the machine is short",
    seen="trainer logs '<model>: training failed: …'; evermodel_trainings_total, outcome failed",
)
def test_a_child_that_takes_too_much_memory_is_ended(
    cache: Path, folder: Folder, lake: Path
) -> None:
    code = "import time; x = bytearray(700 * 2**20); time.sleep(600)"
    model = description(training={"max_memory_mb": 512})
    with pytest.raises(ChildFailed, match="took more than 512 MB"):
        child_that(code, cache).run(plan(lake, model=model), folder=folder("made"))


def test_a_child_sees_none_of_our_environment(
    cache: Path, folder: Folder, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "secret")
    code = "import os, sys; open(sys.argv[2] + '/env', 'w').write(repr(dict(os.environ)))"
    made = folder("made")
    with pytest.raises(ChildFailed):
        child_that(code, cache).run(plan(lake), folder=made)
    seen = (made / "env").read_text()
    assert "PYTHONHASHSEED" in seen
    assert "secret" not in seen


@pytest.mark.guarantee(
    "outside",
    fault="the trainer is killed -9 in a training that would take hours",
    promise="the training ends; no report is left behind",
    seen="the next trainer begins it anew",
)
def test_no_training_outlives_its_trainer(tmp_path: Path, cache: Path, lake: Path) -> None:
    """The starter is killed without a chance to clean up, in a training that would take hours."""
    made = tmp_path / "made"
    made.mkdir()
    long = {"epochs": 10_000, "hidden": [1024, 1024], "max_seconds": 10**6}
    endless = plan(lake, model=description(training=long))
    (tmp_path / "plan.json").write_text(endless.model_dump_json())
    arguments = [str(path) for path in (tmp_path / "plan.json", cache, made)]
    with subprocess.Popen([sys.executable, "-c", STARTER, *arguments]) as starter:
        await_words("frauds", made / LOG)
        (child,) = psutil.Process(starter.pid).children()
        os.kill(starter.pid, signal.SIGKILL)
    try:
        assert gone(child.pid, within_seconds=60)
    finally:
        if child.is_running():
            child.kill()
    assert not (made / REPORT).exists()


STARTER = """
import sys, time
from pathlib import Path
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.ports import Plan
plan, cache, folder = map(Path, sys.argv[1:])
child = ProcessChild(monotonic=time.monotonic, cache=cache)
child.run(Plan.model_validate_json(plan.read_bytes()), folder=folder)
"""


def await_words(words: str, log: Path, *, within_seconds: float = 120.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not log.exists() or words not in log.read_text():
        assert time.monotonic() < deadline, f"never said {words!r}"
        time.sleep(0.05)  # a process that is not ours says it in its own time


def gone(pid: int, *, within_seconds: float = 10.0) -> bool:
    """Whether the process ends in time; a zombie that nobody waits for has ended."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)  # a process that is not ours ends on its own time
    return False
