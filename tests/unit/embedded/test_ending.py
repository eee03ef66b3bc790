"""Whoever ends a stack from outside meets one that may end by itself, or that only begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from evermodel.embedded import ending, lock
from evermodel.embedded.errors import NotAvailable
from tests.unit.embedded.kept import FOREVER


def test_a_supervisor_that_ends_by_itself_meanwhile_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    monkeypatch.setattr(lock, "holder", lambda _: lock.Held(ended.pid))
    assert ending.end(tmp_path).startswith("ended the stack")


def test_a_supervisor_that_nobody_waited_for_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_SECONDS", 3.0)
    starts = "import subprocess, sys; runs = subprocess.Popen([sys.executable, '-c', sys.argv[1]]);"
    starts += "print(runs.pid, flush=True); sys.stdin.read(); runs.kill()"
    words = [sys.executable, "-c", starts, FOREVER]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        runs = int(starter.stdout.readline())
        monkeypatch.setattr(lock, "holder", lambda _: lock.Held(runs))
        assert ending.end(tmp_path).startswith("ended the stack")
        starter.communicate()


def test_a_supervisor_that_does_not_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_SECONDS", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True);"
    with subprocess.Popen([sys.executable, "-c", deaf + FOREVER], stdout=subprocess.PIPE) as runs:
        assert runs.stdout is not None
        runs.stdout.readline()
        monkeypatch.setattr(lock, "holder", lambda _: lock.Held(runs.pid))
        with pytest.raises(NotAvailable, match=f"process {runs.pid} does not end"):
            ending.end(tmp_path)
        runs.kill()


def test_nothing_is_swept_while_an_unknown_process_holds_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(lock, "holder", lambda _: lock.Held(None))
    monkeypatch.setattr(ending, "sweep", swept.append)
    with pytest.raises(NotAvailable, match="try again"):
        ending.end(tmp_path)
    assert swept == []
