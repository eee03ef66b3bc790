"""Running until quiet: delays cost no time, and what never gets quiet says so."""

from typing import Never

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import NOTHING, Reaction, Route, ServiceSpec
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, command


def test_what_never_answers_is_not_waited_for_for_ever() -> None:
    def busy(_event: LifecycleCommand, _meta: EventMeta) -> Never:
        raise Transient("busy", delay_seconds=100)

    harness = Harness()
    harness.add(ServiceSpec(name="x", service="trainer", routes=[Route(LifecycleCommand, busy)]))
    harness.publish(command(1), time=START)
    with pytest.raises(TimeoutError):
        harness.run()


def test_a_topic_is_trimmed_behind_all_that_read_it() -> None:
    harness = Harness(partitions=1)
    seen: list[str] = []

    def note(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        seen.append(event.why)
        return NOTHING

    def spec(name: str) -> ServiceSpec:
        return ServiceSpec(name=name, service="trainer", routes=[Route(LifecycleCommand, note)])

    harness.add(spec("a"))
    harness.add(spec("b"))
    for number in range(3):
        harness.publish(command(number), time=START)
    harness.run()
    harness.broker.trim("lifecycle.commands")
    assert not harness.records("lifecycle.commands")
    harness.publish(command(3), time=START)
    harness.run()
    assert seen.count("3") == 2
