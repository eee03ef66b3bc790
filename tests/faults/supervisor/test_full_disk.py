"""The disk of a stack's folder is full: what runs runs on, what died comes back with the room."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.addresses import kept_ports
from evermodel.embedded.process import Child
from evermodel.embedded.rotation import rotate
from evermodel.embedded.slot import Slot
from tests.integration.services import MODEL
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
    fault="the disk is full when the first process of a stack is started",
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


#: In a mount namespace of its own: SQLite would not write through ``/proc/PID/root``.
_COPIES = """
import sys
from pathlib import Path
from evermodel.cli.main import run
from evermodel.embedded import mlflow_server, stack
from tests.faults.disk import fill
disk = Path(sys.argv[1])
fill(disk / "ballast")
def first_start(*_, **__):
    mlflow_server._copy_database(disk.parent / "schema.db", disk / "mlflow.db")
stack.stack = first_start
assert run(["up", "--model", str(disk.parent / "model.toml")]) == 3
(disk / "ballast").unlink()
assert not [*disk.iterdir()], "half a database takes what room there is"
first_start()
"""


def test_a_first_start_of_mlflow_on_a_full_disk_says_so(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "disk").mkdir()
    with closing(sqlite3.connect(tmp_path / "schema.db")) as made, made:
        made.execute("create table one (word text)")
        made.execute("insert into one values (?)", ["x" * 500_000])
    mounted = (
        'mount -t tmpfs -o size=2048k tmpfs "$2" 2> /dev/null || exit 77; exec "$0" -c "$1" "$2"'
    )
    words = [*("unshare", "-m", "sh", "-c", mounted), sys.executable, _COPIES]
    done = subprocess.run([*words, tmp_path / "disk"], capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no disk can be mounted here")
    assert f"evermodel: {tmp_path}/disk/mlflow.db: cannot be used: No space" in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_full_disk_does_not_cost_a_stack_its_ports(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    ports = kept_ports(file, names=("a",))
    (tmp_path / "ports.part").symlink_to(FULL)
    assert kept_ports(file, names=("a",)) == ports, "nothing is new: nothing is written"
    with pytest.raises(OSError, match="No space left on device"):
        kept_ports(file, names=("a", "b"))
    (tmp_path / "ports.part").unlink()
    assert kept_ports(file, names=("a",)) == ports


def test_a_spare_that_cannot_be_written_down_as_the_one_that_works_is_ended(tmp_path: Path) -> None:
    before = our_children()
    waits = "from evermodel.common.runtime.ahead import take_job; take_job(lambda: None);" + FOREVER
    kept = command(tmp_path, waits)
    spare = Child(kept, records=tmp_path / "processes", waits=True)
    (tmp_path / "processes" / "one.part").symlink_to(FULL)
    with pytest.raises(OSError, match="No space left on device"):
        spare.take_turn(kept)
    assert our_children() == before
