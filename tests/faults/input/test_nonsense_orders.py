"""Orders that make no sense: each is given up, or declined with its reason; the next is obeyed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.wiring import assemble
from tests.unit.deployer.scenario import START, Inline, candidate, description

ORDER: Mapping[str, Any] = {
    "model": "fraud",
    "command": "pause",
    "who": "ada",
    "why": "a test",
    "version": None,
}


class Deployer:
    """A deployer with version 1 as champion."""

    def __init__(self) -> None:
        self.harness, repository = Harness(partitions=1), MemoryRepository()
        engine = EmbeddedEngine(repository)
        models = {"fraud": description()}
        self.harness.add(
            assemble(models=models, repository=repository, engine=engine, beside=Inline())
        )
        self.harness.publish(candidate(1), time=START)
        self.harness.run()

    def order(self, *, time: datetime = START, **fields: Any) -> None:
        """Publish an order as somebody's own tool might: nothing of it was checked."""
        sound = LifecycleCommand.model_validate(ORDER)
        event = new_event(
            sound, time=time, source="/tool", identity=json.dumps([fields, str(time)])
        )
        self.harness.publish_records(
            [
                Outgoing(
                    topic=event.topic,
                    key=event.key,
                    value=json.dumps({**ORDER, **fields}).encode(),
                    headers=event.headers,
                )
            ]
        )
        self.harness.run()

    @property
    def steps(self) -> list[RolloutStep]:
        """What was decided since version 1 was promoted."""
        return [event.payload for event in self.harness.events(RolloutStep)][1:]


@pytest.fixture
def deployer() -> Deployer:
    return Deployer()


@pytest.mark.guarantee(
    "input",
    fault="an order's {fault}",
    promise="a dead letter that names the field; the order after it is obeyed",
    seen="'given up (poison): {said}'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize(
    ("fault", "fields", "said"),
    [
        ("action is none there is", {"command": "delete_everything"}, "command: Input should be"),
        ("action is null", {"command": None}, "command: Input should be"),
        ("who is empty", {"who": ""}, "who: "),
        ("why is empty", {"why": ""}, "why: "),
        ("who is null", {"who": None}, "who: "),
        ("version is nought", {"version": 0}, "version: "),
        ("version is negative", {"version": -1}, "version: "),
        ("version is half of one", {"version": 1.5}, "version: "),
        ("version is a word", {"version": "latest"}, "version: "),
        ("model is a path", {"model": "../other"}, "model: "),
        ("model is empty", {"model": ""}, "model: "),
    ],
)
def test_an_order_of_nonsense_is_given_up(
    deployer: Deployer, fault: str, fields: Mapping[str, Any], said: str
) -> None:
    deployer.order(**fields)
    deployer.order(command="abort")
    (letter,) = deployer.harness.dead_letters("deployer")
    assert (letter.reason, letter.attempts) == ("poison", 1), fault
    assert said in letter.message
    (step,) = deployer.steps
    assert step.action == "declined"


@pytest.mark.guarantee(
    "input",
    fault="an order {fault}",
    promise="declined, and rollout.step says why; what serves stays",
    seen="'{said}' in the reason of rollout.step; evermodel tail",
)
@pytest.mark.parametrize(
    ("fault", "fields", "said"),
    [
        ("promotes a version that never was", {"command": "promote", "version": 99}, "99"),
        ("promotes a version beyond any", {"command": "promote", "version": 10**30}, "1000000"),
        ("aborts where nothing is rolled out", {"command": "abort"}, "abort"),
        ("lifts a hold that nobody is held by", {"command": "lift_hold"}, "hold"),
        ("promotes what is champion already", {"command": "promote", "version": 1}, "1"),
    ],
)
def test_an_order_that_cannot_be_obeyed_is_declined(
    deployer: Deployer, fault: str, fields: Mapping[str, Any], said: str
) -> None:
    deployer.order(**fields)
    assert deployer.harness.dead_letters("deployer") == [], fault
    (step,) = deployer.steps
    assert (step.action, step.stable_version) == ("declined", 1)
    assert said in step.reason
    (weight,) = [v.weight for v in step.in_play]
    assert weight == 100


@pytest.mark.guarantee(
    "input",
    fault="an order's time is the year {time.year}",
    promise="answered at once; the next candidate is rolled out",
    seen="nothing: it is sound",
)
@pytest.mark.parametrize(
    "time",
    [datetime(1900, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
    + [datetime(year, 12, 31, 23, 59, tzinfo=UTC) for year in (2999, 9998)],
)
def test_an_order_of_an_absurd_time_is_answered_now(deployer: Deployer, time: datetime) -> None:
    deployer.order(command="abort", time=time)
    deployer.harness.publish(candidate(2), time=START)
    deployer.harness.run()
    assert deployer.harness.dead_letters("deployer") == []
    assert [(s.action, s.version) for s in deployer.steps][-1] == ("started", 2)


@pytest.mark.guarantee(
    "input",
    fault="an order to {command} fills its record with its {field}",
    promise="obeyed; what follows keeps the beginning of it, and fits its own record",
    seen="reason of rollout.step",
)
@pytest.mark.parametrize("field", ["who", "why"])
@pytest.mark.parametrize(("command", "action"), [("abort", "aborted"), ("pause", "held")])
def test_an_order_as_large_as_its_topic_takes_is_obeyed(
    deployer: Deployer, command: str, action: str, field: str
) -> None:
    deployer.harness.publish(candidate(2), time=START)
    deployer.harness.run()
    fields: Mapping[str, Any] = {field: "ü" * 499_300}
    deployer.order(command=command, **fields)
    assert deployer.harness.dead_letters("deployer") == []
    step = next(step for step in deployer.steps if step.action == action)
    assert "üüü" in step.reason
    assert len(step.reason) < 2000


@pytest.mark.guarantee(
    "input",
    fault="an order comes twice",
    promise="obeyed once: the second is declined",
    seen="two rollout.steps, the second 'declined'",
)
def test_an_order_that_comes_twice_is_obeyed_once(deployer: Deployer) -> None:
    deployer.harness.publish(candidate(2), time=START)
    deployer.harness.run()
    for minute in (1, 2):
        deployer.order(command="abort", version=2, time=START.replace(minute=minute))
    decided = [step.action for step in deployer.steps if not step.only_tells_of_git]
    assert decided == ["started", "aborted", "declined"]
    assert deployer.harness.dead_letters("deployer") == []


@pytest.mark.parametrize(
    ("command", "version", "is_known"),
    [("promote", 77, False), ("abort", 77, False), ("lift_hold", 77, False), ("promote", 1, True)],
)
def test_an_order_about_a_version_that_is_nowhere_says_so(
    deployer: Deployer, command: str, version: int, is_known: bool
) -> None:
    deployer.order(command=command, version=version)
    told = deployer.steps[-1]
    assert told.action == "declined"
    assert "nothing to do" in told.reason
    assert (f"there is no version {version} that serves" in told.reason) is not is_known
