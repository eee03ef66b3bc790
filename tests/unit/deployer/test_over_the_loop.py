"""The deployer on the real loop over the in-memory broker: crashes, two models, bad events."""

from datetime import timedelta

import pytest

from evermodel.common.events.catalogue import DEPLOYER_STATE
from evermodel.common.events.payload import Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.handlers import memory
from evermodel.deployer.wiring import assemble
from tests.unit.deployer.scenario import START, Inline, candidate, description


def deployer(repository: MemoryRepository, *names: str, wall: Clock | None = None) -> ServiceSpec:
    models = {name: description() for name in names or ("fraud",)}
    engine = EmbeddedEngine(repository)
    return assemble(models=models, repository=repository, engine=engine, beside=Inline(), wall=wall)


def said(harness: Harness) -> list[str]:
    steps = harness.events(RolloutStep)
    return [f"{s.payload.model} {s.payload.action} v{s.payload.version}" for s in steps]


@pytest.mark.parametrize("moment", ["polled", "handled", "sent", "committing", "committed"])
def test_a_crash_at_any_moment_leaves_one_step_and_one_commit(moment: str) -> None:
    harness, repository = Harness(), MemoryRepository()
    crashing = harness.add(deployer(repository), at=crash_at(moment))
    harness.publish(candidate(1), time=START)
    with pytest.raises(Crashed):
        harness.run()
    harness.remove(crashing)
    harness.add(deployer(repository))
    harness.run()

    assert said(harness) == ["fraud promoted v1"]
    assert [change.subject for _, change in repository.log] == ["promote(fraud): none -> v1"]


def test_a_restart_goes_on_from_the_state_topic() -> None:
    harness, repository = Harness(), MemoryRepository()
    first = harness.add(deployer(repository))
    harness.publish(candidate(1), time=START)
    harness.run()
    harness.remove(first)
    harness.add(deployer(repository))

    harness.publish(candidate(2), time=START + timedelta(days=1))
    harness.run()

    assert said(harness) == ["fraud promoted v1", "fraud started v2"]


def test_two_models_do_not_meet() -> None:
    harness, repository = Harness(), MemoryRepository()
    harness.add(deployer(repository, "fraud", "theft"))
    harness.publish(candidate(1), time=START)
    harness.publish(candidate(1).model_copy(update={"model": ModelName("theft")}), time=START)
    harness.run()

    assert sorted(said(harness)) == ["fraud promoted v1", "theft promoted v1"]


def test_an_event_that_can_never_be_handled_is_put_aside_and_the_next_goes_on() -> None:
    harness, repository = Harness(), MemoryRepository()
    harness.add(deployer(repository))
    harness.publish(candidate(1).model_copy(update={"artefact": None}), time=START)
    harness.publish(candidate(2), time=START)
    harness.run()

    assert said(harness) == ["fraud promoted v2"]
    (letter,) = harness.dead_letters("deployer")
    assert letter.reason == "permanent"


@pytest.mark.guarantee(
    "input",
    fault="a system upstream dates a window years ahead, in the middle of a rollout",
    promise="it is given up; the rollout goes on by the real ones",
    seen="dead letter 'permanent': 'time … is more than a year ahead of the stream and of today'",
)
def test_a_window_of_years_ahead_stops_no_rollout() -> None:
    harness = in_the_middle_of_a_rollout()
    windows(harness, 1, 2000, 2, 3)

    state = memory.load(harness.state(DEPLOYER_STATE.name)["fraud"])
    assert state.windows_until == START + timedelta(days=3)
    (letter,) = harness.dead_letters("deployer")
    assert "is more than a year ahead of the stream and of today" in letter.message


@pytest.mark.guarantee(
    "input",
    fault="a system upstream dates a window months ahead, in the middle of a rollout",
    promise="that the real ones are not judged until then is told of each",
    seen="deployer logs '… a window up to … comes after one up to …: nothing is judged by it'",
)
def test_a_window_that_comes_after_a_later_one_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    harness = in_the_middle_of_a_rollout()
    windows(harness, 1, 200, 2)

    assert harness.dead_letters("deployer") == []
    told = "a window up to 2018-06-03 00:00:00+00:00 comes after one up to 2018-12-18 00:00:00"
    assert told in caplog.text
    assert caplog.text.count("nothing is judged by it") == 1


def in_the_middle_of_a_rollout() -> Harness:
    harness, repository = Harness(), MemoryRepository()
    harness.add(deployer(repository, wall=SimulatedClock(START)))
    for version in (1, 2):
        harness.publish(candidate(version), time=START)
        harness.run()
    return harness


def windows(harness: Harness, *days: int) -> None:
    for day in days:
        end = START + timedelta(days=day)
        given = TransactionsWindowed(
            model=ModelName("fraud"),
            window=Span(start=end - timedelta(days=1), end=end),
            counters=WindowCounters(rows=0),
            quality="pass",
        )
        harness.publish(given, time=end)
        harness.run()


@pytest.mark.parametrize("uri", ["models:/fraud@champion", "models:/fraud/Production"])
def test_an_alias_or_a_stage_never_reaches_git(uri: str) -> None:
    harness, repository = Harness(), MemoryRepository()
    harness.add(deployer(repository))
    harness.publish(candidate(1).model_copy(update={"model_uri": uri}), time=START)
    harness.run()

    assert repository.log == []
    (letter,) = harness.dead_letters("deployer")
    assert "by its number" in letter.message
