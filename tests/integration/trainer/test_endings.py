"""How a real training may end badly, and what the trainer then says on the real loop."""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import ModelName
from evermodel.common.testing.harness import Harness
from evermodel.trainer.adapters.folder_runs import FolderRuns
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.handlers.state import loaded
from evermodel.trainer.wiring import assemble
from tests.integration.trainer.lakes import DELAY, START, description

#: The real training, and what the kernel does to it when the machine runs out of memory.
KILLED = (
    "import os, runpy, signal, threading\n"
    "threading.Timer(1, os.kill, (os.getpid(), signal.SIGKILL)).start()\n"
    "runpy.run_module('evermodel.trainer.child', run_name='__main__')"
)
BOUNDS = {"window": "12d", "calibration": "3d", "holdout": "3d", "epochs": 2, "hidden": [8]}


class House:
    """A trainer with a real child over the in-memory broker."""

    def __init__(self, folder: Path, lake: Path, cache: Path) -> None:
        self.folder, self.lake, self.cache = folder, lake, cache
        self.harness = Harness()

    def trained(self, training: dict[str, Any], *command: str) -> ModelTrained:
        """Ask for one training; return what was said of it."""
        child = ProcessChild(monotonic=time.monotonic, cache=self.cache)
        if command:
            child = ProcessChild(monotonic=time.monotonic, cache=self.cache, command=command)
        spec = assemble(
            models={"fraud": description(training=BOUNDS | training)},
            child=child,
            runs=FolderRuns(self.folder / "runs"),
            workspace=FolderWorkspace(self.folder / "work"),
            lake=str(self.lake),
            threads=1,
        )
        (self.folder / "runs").mkdir(exist_ok=True)
        self.harness.add(spec)
        at = START + timedelta(days=12) + DELAY
        order = LifecycleCommand(model=ModelName("fraud"), command="retrain", who="a", why="b")
        self.harness.publish(order, time=at)
        self.harness.run()
        return self.harness.events(ModelTrained)[-1].payload


@pytest.fixture
def house(tmp_path: Path, lake: Path, cache: Path) -> House:
    return House(tmp_path, lake, cache)


@pytest.mark.guarantee(
    "outside",
    fault="a training ends badly: '{reason}'",
    promise="one model.trained that says failed and why; no run; the next order trains",
    seen="trainer logs '<model>: training failed: …'; evermodel_trainings_total, outcome failed",
)
@pytest.mark.parametrize(
    ("training", "command", "reason"),
    [
        (
            {},
            (sys.executable, "-c", KILLED),
            "the training process ended with signal SIGKILL and no report",
        ),
        ({"max_seconds": 1.0}, (), "ran longer than 1 s"),
        ({"max_memory_mb": 512}, (), "took more than 512 MB"),
        ({"learning_rate": 1e30}, (), "the loss is not a number: the training diverged"),
    ],
    ids=["killed", "too long", "too large", "not a number"],
)
def test_a_training_that_ends_badly_is_said_with_its_reason_and_the_next_one_is_free(
    house: House, training: dict[str, Any], command: tuple[str, ...], reason: str
) -> None:
    event = house.trained(training, *command)
    assert (event.outcome, event.reason) == ("failed", reason)
    assert (event.artefact, event.run_id) == (None, None)
    assert list((house.folder / "runs").iterdir()) == []
    assert list((house.folder / "work").iterdir()) == [], "nothing of it is left"
    kept = loaded(house.harness.state(TRAINER_STATE.name)["fraud"])
    assert kept.in_flight is None
    assert house.harness.dead_letters("trainer") == []


def test_after_a_training_that_failed_the_next_order_trains(house: House) -> None:
    assert house.trained({"max_seconds": 0.5}).outcome == "failed"
    event = house.trained({})
    assert event.outcome == "trained", event.reason
    assert len(house.harness.events(ModelTrained)) == 2
    assert [path.name for path in (house.folder / "runs").iterdir()] == [event.run_id]
