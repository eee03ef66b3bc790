"""Whoever ends a stack from outside meets one that may end by itself, or that only begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from evermodel.embedded import ending, lock
from evermodel.embedded.errors import NotAvailable


def test_a_supervisor_that_ends_by_itself_meanwhile_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    monkeypatch.setattr(lock, "holder", lambda _: lock.Held(ended.pid))
    assert ending.end(tmp_path).startswith("ended the stack")


def test_nothing_is_swept_while_an_unknown_process_holds_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(lock, "holder", lambda _: lock.Held(None))
    monkeypatch.setattr(ending, "sweep", swept.append)
    with pytest.raises(NotAvailable, match="try again"):
        ending.end(tmp_path)
    assert swept == []
