"""Steps that the trainer gave up are put back when the rollout they tell of is long over."""

from pathlib import Path

import pytest

from evermodel.cli.redriving import STANDINGS
from evermodel.common.messaging.redrive import Redriven, redrive
from evermodel.common.testing.rollouts import Play, rollout_step
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.wiring import assemble
from tests.unit.trainer.bench import Bench, day

SHADOW: tuple[Play, ...] = ((1, "champion", 100), (2, "challenger", 0))
CANARY: tuple[Play, ...] = ((1, "champion", 90), (2, "challenger", 10))
OVER: tuple[Play, ...] = ((2, "champion", 100),)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A trainer that did not know the model while its rollout began, and gave its steps up."""
    bench = Bench(tmp_path)
    stranger = bench.harness.add(
        assemble(
            models={},
            child=bench.child,
            runs=bench.runs,
            workspace=FolderWorkspace(bench.work),
            lake="lake",
            pause=bench.paused.append,
            monotonic=lambda: 0.0,
        )
    )
    bench.harness.publish(rollout_step("started", about=2, in_play=SHADOW), time=day(0))
    bench.harness.publish(rollout_step("advanced", about=2, in_play=CANARY), time=day(1))
    bench.harness.run()
    bench.harness.remove(stranger)
    bench.harness.add(bench.spec())
    assert len(bench.harness.dead_letters("trainer")) == 2
    return bench


def put_back(bench: Bench) -> Redriven:
    done = redrive(bench.harness.broker, "trainer", newest=STANDINGS)
    bench.harness.run()
    return done


@pytest.mark.guarantee(
    "input",
    fault="rollout steps are redriven after the rollout that they tell of is over",
    promise="what serves stays what serves; trainings are not held back for ever",
    seen="evermodel redrive: '… rollout steps passed over: a newer one tells what serves'",
)
def test_steps_of_a_rollout_that_is_over_are_not_put_back(bench: Bench) -> None:
    bench.harness.publish(rollout_step("promoted", about=2, in_play=OVER), time=day(2))
    bench.harness.publish(rollout_step("completed", about=2, in_play=OVER), time=day(3))
    bench.harness.run()

    assert put_back(bench) == Redriven(outdated=2)
    assert (bench.admission.champion, bench.admission.rollout) == (2, None)
    assert put_back(bench) == Redriven()


def test_the_newest_step_is_put_back_and_tells_all(bench: Bench) -> None:
    assert put_back(bench) == Redriven(back=1, outdated=1)
    assert (bench.admission.champion, bench.admission.rollout) == (1, 2)
