"""The disk of a stack's folder is full: what runs runs on, what died comes back with the room."""

from pathlib import Path

import psutil
import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.process import Child
from evermodel.embedded.rotation import rotate
from evermodel.embedded.slot import Slot
from tests.unit.embedded.kept import FOREVER, command, eventually
from tests.unit.runtime.offspring import our_children

#: Whoever writes to it is told that there is no space left.
FULL = Path("/dev/full")


def looked(slot: Slot) -> Slot:
    slot.look()
    return slot


@pytest.mark.guarantee(
    "outside",
    fault="the disk is full when a long log is to be cut",
    promise="the stack runs on; the log is cut when there is room",
    seen="the log grows on",
)
def test_a_log_that_cannot_be_cut_ends_nobody(tmp_path: Path) -> None:
    log, copy = tmp_path / "one.log", tmp_path / "one.log.part"
    log.write_text("x" * 100)
    copy.symlink_to(FULL)
    assert not rotate(log, limit=10)
    assert log.stat().st_size == 100
    assert not copy.is_symlink(), "half a copy takes what room there is"
    assert rotate(log, limit=10)
    assert (tmp_path / "one.log.1").stat().st_size == 100


@pytest.mark.guarantee(
    "outside",
    fault="a service dies, and the disk is too full to write down its next process",
    promise="that process is ended at once, none runs unrecorded; it is started again with the "
    "room, the others run on meanwhile",
    seen="evermodel up: '<service> ended with status …; it is started again'; status: restarting",
)
def test_a_service_that_dies_on_a_full_disk_comes_back_when_there_is_room(tmp_path: Path) -> None:
    before = our_children()
    slot = Slot(command(tmp_path, FOREVER), records=tmp_path / "processes", clock=SystemClock())
    slot.look()
    assert slot.child is not None
    first, record = slot.child.pid, tmp_path / "processes" / "one.part"
    record.symlink_to(FULL)
    psutil.Process(first).kill()
    eventually(lambda: looked(slot).restarts > 1)
    assert looked(slot).child is None
    assert our_children() == before, "a process that nobody knows of"
    record.unlink(missing_ok=True)
    eventually(lambda: looked(slot).child)
    again = looked(slot).child
    assert again is not None
    assert again.pid != first
    again.stop(seconds=0)


@pytest.mark.guarantee(
    "outside",
    fault="the disk is full when a stack is started",
    promise="it does not begin, and says why",
    seen="evermodel: 'No space left on device'",
)
def test_a_first_start_on_a_full_disk_says_so(tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "one.part").symlink_to(FULL)
    before = our_children()
    slot = Slot(command(tmp_path, FOREVER), records=tmp_path / "processes", clock=SystemClock())
    with pytest.raises(OSError, match="No space left on device"):
        slot.look()
    assert our_children() == before, "a process that nobody knows of"


def test_a_spare_that_cannot_be_written_down_as_the_one_that_works_is_ended(tmp_path: Path) -> None:
    before = our_children()
    waits = "from evermodel.common.runtime.ahead import take_job; take_job(lambda: None);" + FOREVER
    kept = command(tmp_path, waits)
    spare = Child(kept, records=tmp_path / "processes", waits=True)
    (tmp_path / "processes" / "one.part").symlink_to(FULL)
    with pytest.raises(OSError, match="No space left on device"):
        spare.take_turn(kept)
    assert our_children() == before
