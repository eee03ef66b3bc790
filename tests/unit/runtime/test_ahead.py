"""A process that was started ahead does one job, and whatever befell it costs no job."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TypeVar

import psutil
import pytest

from evermodel.common.runtime.ahead import Ahead, Ended
from evermodel.common.runtime.bounded import Bounds, Overran
from tests.unit.runtime.offspring import is_gone

T = TypeVar("T")

AMPLE = Bounds(60, 512)
HEAD = "import os, sys, threading; from evermodel.common.runtime.ahead import take_job; "
WAIT = "threading.Event().wait()"
#: Does as its job says; where it runs is its answer.
DOES = HEAD + "job = take_job(lambda: None); exec(job[0]); print(os.getpid(), end='')"


def ahead(program: str = DOES, *, rest: float = 0.0, patience: float = 60.0) -> Ahead:
    return Ahead(
        [sys.executable, "-c", program],
        environment={"ONLY": "this"},
        rest_seconds=rest,
        patience_seconds=patience,
    )


def once(look: Callable[[], T]) -> T:
    """Return what `look` returns as soon as that is something; processes take their time."""
    for _ in range(1200):
        if found := look():
            return found
        Event().wait(0.05)
    raise AssertionError("it never came")


def children(of: int | None = None) -> list[psutil.Process]:
    """Return the processes of this file that `of` started and that have not ended."""
    return [
        process
        for process in psutil.Process(of).children()
        if process.status() != psutil.STATUS_ZOMBIE and "take_job" in " ".join(process.cmdline())
    ]


def waiting() -> psutil.Process:
    return once(children)[0]


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    assert once(lambda: not children())


def test_the_one_that_waited_does_the_job_and_no_second() -> None:
    with ahead() as processes:
        first = waiting().pid
        assert processes.run(["pass"], bounds=AMPLE) == Ended(0, str(first))
        second = waiting().pid
        assert processes.run(["pass"], bounds=AMPLE) == Ended(0, str(second))
        assert first != second


def test_its_code_and_its_last_words_come_back() -> None:
    with ahead() as processes:
        ended = processes.run(["print('said', flush=True); sys.exit('loud')"], bounds=AMPLE)
        assert (ended.code, ended.words.split()) == (1, ["said", "loud"])
        killed = processes.run(["os.kill(os.getpid(), 9)"], bounds=AMPLE)
        assert killed.code == -signal.SIGKILL


def test_it_is_given_the_environment_that_was_named_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "s3cret")
    with ahead() as processes:
        said = processes.run(
            ["print('s3cret' in str(os.environ), os.environ['ONLY'])"], bounds=AMPLE
        )
    assert said.words.split()[:2] == ["False", "this"]


@pytest.mark.guarantee(
    "outside",
    fault="the evaluation process that waits gets {number!s}",
    promise="another does the job",
    seen="registrar logs 'process … did not take its job; another is started'",
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_died_or_stands_still_while_it_waited_costs_no_job(
    number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    with ahead(patience=1.0) as processes:
        idle = waiting()
        idle.send_signal(number)
        ended = processes.run(["pass"], bounds=AMPLE)
        assert (ended.code, ended.words != str(idle.pid)) == (0, True)
        assert is_gone(idle.pid)
    assert "did not take its job" in caplog.text


def test_one_that_is_stuck_in_its_preparations_costs_no_job(tmp_path: Path) -> None:
    """The first hangs, later ones do not."""
    mark = tmp_path / "mark"
    prepare = f"os.path.exists({str(mark)!r}) or [open({str(mark)!r}, 'w'), {WAIT}]"
    program = HEAD + f"take_job(lambda: {prepare}); print(os.getpid(), end='')"
    with ahead(program, patience=1.0) as processes:
        idle = waiting()
        once(mark.exists)
        assert processes.run([], bounds=AMPLE).words != str(idle.pid)
        assert is_gone(idle.pid)


def test_one_that_still_prepares_is_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    prepare = f"[open({str(mark)!r}, 'w'), threading.Event().wait(1)]"
    with ahead(HEAD + f"take_job(lambda: {prepare}); print(os.getpid(), end='')") as processes:
        idle = waiting()
        once(mark.exists)
        assert processes.run([], bounds=AMPLE) == Ended(0, str(idle.pid))


@pytest.mark.parametrize("is_ahead", [True, False])
def test_its_job_is_bounded_with_all_that_it_starts(is_ahead: bool) -> None:
    with ahead(rest=0.0 if is_ahead else 1000.0) as processes:
        if is_ahead:
            waiting()
        with pytest.raises(Overran, match="ran longer than 3 s"):
            processes.run([WAIT], bounds=Bounds(3, 512))
        heavy = f"""held = "held = b'x' * (200 << 20); import threading; {WAIT}"; """
        heavy += "import subprocess; subprocess.run([sys.executable, '-c', held])"
        with pytest.raises(Overran, match="took more than 100 MB"):
            processes.run([heavy], bounds=Bounds(60, 100))


def test_none_waits_when_none_shall_nor_before_it_is_opened() -> None:
    for processes in (
        ahead(),
        Ahead(
            [sys.executable, "-c", DOES], environment={}, keep_one=False, rest_seconds=0
        ).__enter__(),
    ):
        assert processes.run(["pass"], bounds=AMPLE).code == 0
        Event().wait(0.3)
        assert children() == []


def test_none_is_left_when_it_is_closed() -> None:
    with ahead() as processes:
        idle = waiting()
    assert is_gone(idle.pid), f"{processes} still has one"


def test_two_jobs_at_once_have_a_process_each() -> None:
    with ahead() as processes, ThreadPoolExecutor(2) as pool:
        waiting()
        ended = list(pool.map(lambda job: processes.run(job, bounds=AMPLE), [["pass"], ["pass"]]))
        assert len({end.words for end in ended}) == 2


@pytest.mark.parametrize("prepare", ["None", WAIT], ids=["while it waits", "while it prepares"])
def test_it_ends_with_the_one_who_started_it(prepare: str) -> None:
    program = HEAD + f"take_job(lambda: {prepare})"
    starter = (
        "import sys, threading; from evermodel.common.runtime.ahead import Ahead\n"
        f"with Ahead([sys.executable, '-c', {program!r}], environment={{}}, rest_seconds=0):\n"
        f"    {WAIT}"
    )
    process = subprocess.Popen([sys.executable, "-c", starter])
    try:
        orphan = once(lambda: children(process.pid))[0]
    finally:
        process.kill()
        process.wait()
    assert once(lambda: is_gone(orphan.pid))
