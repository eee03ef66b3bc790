"""What drifts upstream raises the alarms of all models together; a machine is not asked for all."""

import threading
from pathlib import Path

import pytest

from evermodel.common.events.drift import DriftDetected
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.domain.admission import Cause, Request, Training
from evermodel.trainer.handlers.work import Work
from evermodel.trainer.ports import REPORT, Plan, Report
from tests.unit.trainer.bench import MADE, MODEL, Runs, day

#: How long a training stays to see whether others come beside it.
STAYS_SECONDS = 0.2


class Room:
    """A child that counts how many are in it, and stays until there are more than may be."""

    def __init__(self, *, most: int) -> None:
        self._most, self._lock, self.crowded = most, threading.Lock(), threading.Event()
        self.now = self.peak = self.made = 0

    def run(self, plan: Plan, *, folder: Path) -> Report:
        """Make a model."""
        with self._lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        if self.peak > self._most:
            self.crowded.set()
        self.crowded.wait(STAYS_SECONDS)
        (folder / REPORT).write_text(MADE.model_dump_json())
        with self._lock:
            self.now -= 1
            self.made += 1
        return MADE


def alarm(number: int) -> Training:
    cause = Cause(
        id=f"00000000-0000-0000-0000-{number:012d}",
        type=DriftDetected.TYPE,
        source="/test",
        subject=MODEL.name,
        time=day(9),
    )
    return Training(request=Request(cause=cause, reason="a new shop"), as_of=day(10))


@pytest.mark.guarantee(
    "outside",
    fault="many models drift at once",
    promise="as many trainings at once as EVERMODEL_TRAINER_AT_ONCE says; each alarm is answered",
    seen="nothing: they wait for their turn",
)
def test_no_more_trainings_run_at_once_than_the_machine_is_given(tmp_path: Path) -> None:
    room = Room(most=2)
    work = Work(
        child=room,
        runs=Runs(tmp_path / "runs"),
        workspace=FolderWorkspace(tmp_path / "work"),
        lake="",
        threads=1,
        at_once=2,
        pause=lambda _seconds: None,
        monotonic=lambda: 0.0,
    )
    said: list[str] = []

    def train(number: int) -> None:
        said.append(work.carry_out(alarm(number), model=MODEL, left_out=()).outcome)

    threads = [threading.Thread(target=train, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (room.peak, room.made, said) == (2, 6, ["trained"] * 6)
