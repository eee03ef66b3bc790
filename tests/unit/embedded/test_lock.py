"""One supervisor per state folder; a second one is told who holds it."""

import fcntl
import json
import os
from pathlib import Path
from threading import Timer

import pytest

from evermodel.embedded import lock
from evermodel.embedded.errors import Occupied


@pytest.mark.guarantee(
    "outside",
    fault="two supervisors on one folder",
    promise="the second is refused",
    seen="evermodel: '<folder> is in use by process <id>: end it with …'",
)
def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        assert lock.holder(tmp_path) == lock.Held(os.getpid())
        with pytest.raises(Occupied, match=f"in use by process {os.getpid()}"), lock.held(tmp_path):
            raise AssertionError
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path):
        pass


def test_a_lock_left_by_a_killed_holder_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "command": "old"}')
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path):
        assert lock.holder(tmp_path) == lock.Held(os.getpid())


def test_who_only_looks_keeps_nobody_out(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with lock.held(tmp_path):
            assert lock.holder(tmp_path) == lock.Held(os.getpid())


@pytest.mark.parametrize(
    "written",
    ["", json.dumps({"pid": os.getppid(), "command": "of a supervisor that was killed before"})],
)
def test_a_holder_that_has_not_said_its_id_yet_is_one_all_the_same(
    tmp_path: Path, written: str
) -> None:
    (tmp_path / "lock").write_text(written)
    with (tmp_path / "lock").open("r+") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        assert lock.holder(tmp_path) == lock.Held(None)
