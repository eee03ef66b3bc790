"""A spare prepares beside its process, and works only when that one has died and was waited for."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import psutil
import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.process import Child, Command, recorded
from evermodel.embedded.services import ROLES
from evermodel.embedded.settings import StackSettings, inherited_environment
from evermodel.embedded.slot import LONGEST_DELAY_SECONDS, REST_SECONDS, TURN_SECONDS, Slot
from evermodel.embedded.stack import commands
from evermodel.embedded.supervisor import Supervisor
from tests.unit.runtime.offspring import is_gone

#: Says that it works, and whether another did at that moment.
WORKS = """
import os, sys, threading
from pathlib import Path
from evermodel.common.runtime.ahead import take_job
if sys.argv[1:] == ["--wait"]:
    take_job(lambda: os.write(1, f"waits {os.getpid()}\\n".encode()))
alive = [pid for pid in Path("working").read_text().split() if Path(f"/proc/{pid}").exists()]
os.write(1, " ".join(["works", str(os.getpid()), *alive, "\\n"]).encode())
with Path("working").open("a") as working:
    print(os.getpid(), file=working)
threading.Event().wait()
"""
#: A spare of this never prepares to the end.
HANGS = """
import sys, threading
from evermodel.common.runtime.ahead import take_job
if sys.argv[1:] == ["--wait"]:
    take_job(threading.Event().wait)
threading.Event().wait()
"""
#: A spare of this dies at once.
DIES = "import sys, threading; sys.argv[1:] and sys.exit(3); threading.Event().wait()"
STARTER = """
import os, sys, threading
from pathlib import Path
from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded import slot
from evermodel.embedded.process import Command
slot.REST_SECONDS = 0
folder = Path(sys.argv[1])
kept = slot.Slot(
    Command(name="one", arguments=[sys.executable, "-c", sys.argv[2]], folder=folder,
            environment=dict(os.environ), log=folder / "one.log", can_wait=True),
    records=folder / "processes", clock=SystemClock(),
)
while len(kept.children) < 2:
    kept.look()
print("up", flush=True)
threading.Event().wait()
"""


class HandClock(SystemClock):
    """A clock set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class Kept:
    """A slot of a command that can wait, and the hand that sets its clock."""

    def __init__(self, folder: Path, code: str) -> None:
        (folder / "working").touch()
        self.records, self.clock = folder / "processes", HandClock()
        self.command = Command(
            name="one",
            arguments=[sys.executable, "-c", code],
            environment=inherited_environment(),
            log=folder / "one.log",
            folder=folder,
            can_wait=True,
        )
        self.slot = Slot(self.command, records=self.records, clock=self.clock)

    def pass_by(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.slot.look()

    def said(self, word: str) -> list[list[str]]:
        """Return what follows `word` in each line of the log that begins with it."""
        lines = [line.split() for line in self.command.log.read_text().splitlines()]
        return [line[1:] for line in lines if line[0] == word]

    def with_spare(self) -> tuple[Child, Child]:
        """Start both, and return them."""
        self.slot.look()
        self.pass_by(REST_SECONDS)
        child, spare = self.slot.children
        return child, spare

    def names(self) -> dict[str, int]:
        return {record.name: record.pid for record in recorded(self.records)}


Keep = Callable[[str], Kept]


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    made: list[Kept] = []

    def make(code: str) -> Kept:
        made.append(Kept(tmp_path, code))
        return made[-1]

    yield make
    for kept in made:
        for child in kept.slot.children:
            child.stop(seconds=0)


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(1500):
        if condition():
            return
        Event().wait(0.02)
    raise AssertionError("it did not come about")


def kill(child: Child) -> None:
    """Kill it; left to be waited for, with all its threads: one whose first has ended is not."""
    psutil.Process(child.pid).kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def test_a_spare_is_started_after_its_process_and_does_not_work(keep: Keep) -> None:
    kept = keep(WORKS)
    kept.slot.look()
    kept.pass_by(REST_SECONDS - 0.1)
    assert len(kept.slot.children) == 1
    kept.pass_by(0.2)
    child, spare = kept.slot.children
    eventually(lambda: kept.said("waits") == [[str(spare.pid)]])
    eventually(lambda: kept.said("works") == [[str(child.pid)]])
    assert kept.names() == {"one": child.pid, "one-spare": spare.pid}
    assert kept.slot.standing().pid == child.pid
    assert kept.slot.standing().spare_bytes > 0


def test_the_spare_takes_over_when_the_first_was_waited_for(keep: Keep) -> None:
    kept = keep(WORKS)
    first, spare = kept.with_spare()
    eventually(lambda: kept.said("works") and kept.said("waits"))
    kill(first)
    kept.pass_by(0.1)
    assert kept.slot.children == [spare]
    assert kept.slot.standing().state == "restarting"
    assert not psutil.pid_exists(first.pid)
    kept.pass_by(1.0)
    assert kept.slot.child is spare
    eventually(lambda: len(kept.said("works")) == 2)
    assert kept.said("works") == [[str(first.pid)], [str(spare.pid)]]
    assert kept.names() == {"one": spare.pid}
    assert kept.slot.restarts == 1
    kept.pass_by(REST_SECONDS)
    assert set(kept.names()) == {"one", "one-spare"}


def test_a_spare_told_before_it_is_prepared_works_when_it_is(keep: Keep) -> None:
    kept = keep(WORKS)
    first, spare = kept.with_spare()
    eventually(lambda: kept.said("works"))
    kill(first)
    kept.pass_by(0.1)
    kept.pass_by(1.0)
    eventually(lambda: [str(spare.pid)] in kept.said("works"))
    eventually(spare.has_its_turn)
    kept.pass_by(TURN_SECONDS + 1)
    assert kept.slot.child is spare


def test_a_spare_that_dies_is_replaced_and_not_at_once(keep: Keep) -> None:
    kept = keep(DIES)
    child, spare = kept.with_spare()
    eventually(lambda: is_gone(spare.pid))
    kept.pass_by(0.1)
    kept.pass_by(LONGEST_DELAY_SECONDS - 0.1)
    assert kept.slot.children == [child]
    assert kept.slot.restarts == 0
    kept.pass_by(0.2)
    assert len(kept.slot.children) == 2


def test_a_spare_that_is_dead_at_its_turn_costs_no_restart(keep: Keep) -> None:
    kept = keep(WORKS)
    first, spare = kept.with_spare()
    eventually(lambda: kept.said("works") and kept.said("waits"))
    kill(first)
    kept.pass_by(0.1)
    kill(spare)
    kept.pass_by(1.0)
    assert kept.slot.child is not None
    fresh = kept.slot.child.pid
    assert fresh not in {first.pid, spare.pid}
    eventually(lambda: kept.said("works")[-1] == [str(fresh)])
    assert kept.names() == {"one": fresh}


def test_a_spare_that_does_not_take_its_turn_is_ended(keep: Keep) -> None:
    kept = keep(HANGS)
    first, spare = kept.with_spare()
    kill(first)
    kept.pass_by(0.1)
    kept.pass_by(1.0)
    assert kept.slot.child is spare
    kept.pass_by(TURN_SECONDS - 1)
    assert kept.slot.child is spare
    kept.pass_by(2)
    assert not psutil.pid_exists(spare.pid)
    kept.pass_by(1.0)
    assert kept.slot.child is not None
    assert kept.slot.child.has_its_turn()


def test_what_cannot_wait_has_no_spare(keep: Keep) -> None:
    kept = keep(WORKS)
    slot = Slot(replace(kept.command, can_wait=False), records=kept.records, clock=kept.clock)
    kept.slot = slot
    slot.look()
    kept.pass_by(REST_SECONDS + 1)
    assert len(slot.children) == 1


def test_stop_ends_a_process_and_its_spare(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evermodel.embedded.slot.REST_SECONDS", 0.0)
    kept = keep(WORKS)
    supervisor = Supervisor(records=kept.records, clock=SystemClock())
    supervisor.keep(kept.command)
    eventually(lambda: len(kept.names()) == 2)
    pids = kept.names().values()
    supervisor.stop()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not list(kept.records.glob("*"))


def test_a_killed_supervisor_leaves_neither(keep: Keep, tmp_path: Path) -> None:
    kept = keep(WORKS)
    arguments = [sys.executable, "-c", textwrap.dedent(STARTER), str(tmp_path), WORKS]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        pids = list(kept.names().values())
        starter.kill()
    assert len(pids) == 2
    eventually(lambda: all(is_gone(pid) for pid in pids))


def test_every_service_on_the_loop_waits_and_only_when_spares_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waiting(*, spares: bool) -> list[str]:
        found = commands(tmp_path, environment={}, wanted={"scorer": 2}, spares=spares)
        return [command.name for command in found if command.can_wait]

    on_the_loop = [role.name for role in ROLES if role.name != "console"]
    assert waiting(spares=True) == ["scorer", "scorer-1", *on_the_loop[1:]]
    assert waiting(spares=False) == []
    assert StackSettings().evermodel_spares == "on"
    monkeypatch.setenv("EVERMODEL_SPARES", "off")
    assert StackSettings().evermodel_spares == "off"
