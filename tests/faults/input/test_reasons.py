"""Each reason for which a record may be given up: it is reached, told, counted, and undone."""

from collections.abc import Callable
from typing import get_args

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal, Permanent, Poison, Reason
from evermodel.common.messaging.api import Emit, Reaction, Route, ServiceSpec
from evermodel.common.messaging.memory import MemoryProducer
from evermodel.common.messaging.records import Outgoing
from evermodel.common.messaging.redrive import Redriven, redrive
from evermodel.common.observability.metrics import Metrics
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Crashed, Harness
from evermodel.common.testing.sample import START, command, trained

#: What a handler says that leads to each, how often it is asked, and the class in the letter.
RAISED: dict[Reason, tuple[Exception, int]] = {
    "poison": (Poison("its JSON is broken"), 1),
    "permanent": (Permanent("no such model here"), 1),
    "bug": (ZeroDivisionError("nobody foresaw this"), 3),
}
NUMBERS = range(1, 8)
WRONG = {3, 4}


class Service:
    """Answers each command, but raises `error` at some of them until it is `mended`."""

    def __init__(self, error: Exception) -> None:
        self.error, self.mended, self.metrics = error, False, Metrics()

    def on_command(self, event: LifecycleCommand, meta: EventMeta) -> Reaction:
        """Answer."""
        if int(event.why) in WRONG and not self.mended:
            raise self.error
        return Reaction([Emit(trained(meta, model=event.model, reason=event.why), meta.time)])

    def spec(self) -> ServiceSpec:
        """Return it as a service."""
        routes = [Route(LifecycleCommand, self.on_command)]
        return ServiceSpec(name="trainer", service="trainer", routes=routes, metrics=self.metrics)


def played(service: Service) -> Harness:
    """Return all commands after they were worked off."""
    harness = Harness(partitions=1)
    harness.add(service.spec())
    for number in NUMBERS:
        harness.publish(command(number), time=START)
    harness.run()
    return harness


def totals(harness: Harness) -> list[str]:
    """Return what was answered, whatever the order."""
    return sorted(event.payload.reason for event in harness.events(ModelTrained))


def dead(metrics: Metrics, reason: str) -> float | None:
    """Return how many dead letters were counted."""
    labels = {"topic": LIFECYCLE_COMMANDS.name, "reason": reason}
    return metrics.registry.get_sample_value("evermodel_dead_letters_total", labels)


def test_every_reason_has_its_test() -> None:
    assert {*RAISED} == {*get_args(Reason)}


@pytest.mark.guarantee(
    "input",
    fault="a handler gives a record up as {reason}",
    promise="one dead letter with that reason after {attempts} tries; the records behind it go on",
    seen="'given up ({reason}): …'; evermodel_dead_letters_total{{reason=\"{reason}\"}}",
)
@pytest.mark.parametrize(
    ("reason", "attempts"), [(reason, attempts) for reason, (_, attempts) in RAISED.items()]
)
def test_each_reason_is_reached_and_told(
    reason: Reason, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    error, _ = RAISED[reason]
    service = Service(error)
    harness = played(service)
    letters = harness.dead_letters("trainer")
    assert [(x.reason, x.error, x.message, x.attempts) for x in letters] == [
        (reason, type(error).__name__, str(error), attempts)
    ] * len(WRONG)
    assert caplog.text.count(f"given up ({reason}): {error}") == len(WRONG)
    assert dead(service.metrics, reason) == len(WRONG)
    assert totals(harness) == [str(n) for n in NUMBERS if n not in WRONG]


@pytest.mark.guarantee(
    "input",
    fault="records were given up as {reason}, and then the service was mended",
    promise="one redrive: the totals equal those of a run that never had the fault; two change "
    "nothing more",
    seen="evermodel redrive: '2 dead letters of trainer put back'",
)
@pytest.mark.parametrize("reason", RAISED)
def test_a_redrive_after_a_fix_recovers_everything(reason: Reason) -> None:
    service = Service(RAISED[reason][0])
    harness = played(service)
    service.mended = True
    assert redrive(harness.broker, "trainer") == Redriven(back=len(WRONG))
    assert redrive(harness.broker, "trainer") == Redriven()
    harness.run()
    never = Service(RAISED[reason][0])
    never.mended = True
    assert totals(harness) == totals(played(never))
    assert len(harness.dead_letters("trainer")) == len(WRONG)


@pytest.mark.guarantee(
    "input",
    fault="a redrive is killed {moment}",
    promise="the next one puts back what is left: nothing lost, nothing doubled",
    seen="evermodel redrive, run again",
)
@pytest.mark.parametrize("moment", ["before it sends", "before it commits", "after it committed"])
def test_a_redrive_that_is_killed_doubles_nothing(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(RAISED["permanent"][0])
    harness = played(service)
    with monkeypatch.context() as killing:
        _kill(moment, killing)
        with pytest.raises(Crashed):
            redrive(harness.broker, "trainer")
    service.mended = True
    redrive(harness.broker, "trainer")
    harness.run()
    assert totals(harness) == [str(n) for n in NUMBERS]


def _kill(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process end there; what a client does at its end does not happen either."""
    name = "send" if moment == "before it sends" else "commit"
    done: Callable[..., None] = getattr(MemoryProducer, name)

    def killed(producer: MemoryProducer, *given: object, **named: object) -> None:
        if moment == "after it committed":
            done(producer, *given, **named)
        raise Crashed(moment)

    monkeypatch.setattr(MemoryProducer, name, killed)
    monkeypatch.setattr(MemoryProducer, "close", lambda _producer: None)


@pytest.mark.guarantee(
    "input",
    fault="more records are given up within a minute than the limit",
    promise="the service stops and commits none of the last; after a fix it goes on where it "
    "stopped, and nothing is lost",
    seen="'stopped for safety: more than 3 dead letters within 60 s'; exit code 1; "
    "EVERMODEL_DEAD_LETTERS_PER_MINUTE",
)
def test_a_flood_stops_the_service_and_loses_nothing() -> None:
    service, harness = Service(Permanent("all of it")), Harness(partitions=1)
    harness.add(service.spec(), settings=LoopSettings(dead_letters_per_minute=3))
    for number in NUMBERS:
        harness.publish(command(number), time=START)
    broken = Outgoing(topic=LIFECYCLE_COMMANDS.name, key=b"fraud", value=b"{")
    harness.publish_records([broken] * 10)
    with pytest.raises(Fatal, match="more than 3 dead letters within 60 s"):
        harness.run()
    assert len(harness.dead_letters("trainer")) <= 3
    service.mended = True
    harness.add(service.spec())
    harness.run()
    given_up = {letter.offset for letter in harness.dead_letters("trainer")}
    assert {*range(7, 17)} <= given_up
    redrive(harness.broker, "trainer")
    harness.run()
    assert totals(harness) == [str(n) for n in NUMBERS]
