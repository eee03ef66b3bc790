"""One supervisor per state folder; a second one is told who holds it."""

import os
from pathlib import Path

import pytest

from evermodel.embedded import lock
from evermodel.embedded.errors import Occupied


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
        with pytest.raises(Occupied, match=f"in use by process {os.getpid()}"), lock.held(tmp_path):
            raise AssertionError
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path):
        pass


def test_a_lock_left_by_a_killed_holder_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "command": "old"}')
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
