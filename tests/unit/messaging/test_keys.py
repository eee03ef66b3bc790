"""Where a key of the state lies is known while it is there: a service runs for months."""

import pytest

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.api import NOTHING, Reaction, Route, ServiceSpec
from evermodel.common.messaging.faultpoints import nowhere
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.outbox import Outbox
from evermodel.common.messaging.records import Outgoing, TopicPartition
from evermodel.common.messaging.reporting import Report
from evermodel.common.messaging.restoring import Keeper
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Working

CAUSE = EventMeta(id=EventId("1"), type="test", source="/test", subject="fraud", time=START)
ROUTE = Route(LifecycleCommand, lambda _event, _meta: NOTHING)
SPEC = ServiceSpec(
    name="trainer", service="trainer", routes=[ROUTE], state=TRAINER_STATE, on_tick=Reaction
)


@pytest.fixture
def known() -> dict[str, int]:
    return {}


@pytest.fixture
def outbox(known: dict[str, int]) -> Outbox:
    harness = Harness()
    made = Outbox(
        SPEC,
        partition_of_key=known,
        clock=harness.clock,
        settings=LoopSettings(),
        report=Report(SPEC.metrics, stage="trainer", clock=harness.clock),
        at=nowhere,
    )
    made.open(harness.broker, instance="0")
    return made


def keep(outbox: Outbox, key: str, value: bytes | None, *, number: int | None) -> None:
    reaction = Reaction(state={key: value})
    outbox.put(outbox.prepare(reaction, cause=CAUSE, number=number), offsets=())


def test_a_key_is_known_until_it_is_deleted(outbox: Outbox, known: dict[str, int]) -> None:
    keep(outbox, "a", b"1", number=1)
    keep(outbox, "b", b"2", number=0)
    assert known == {"a": 1, "b": 0}
    keep(outbox, "a", None, number=None)  # a tick's: it lies where it lay
    keep(outbox, "c", None, number=0)
    assert known == {"b": 0}


def test_a_deletion_goes_to_the_partition_that_holds_the_key(outbox: Outbox) -> None:
    keep(outbox, "a", b"1", number=1)
    (record,) = outbox.prepare(Reaction(state={"a": None}), cause=None, number=None).records
    assert (record.partition, record.value) == (1, None)


def test_what_is_restored_replaces_what_was_known() -> None:
    broker = MemoryBroker({TRAINER_STATE.name: 2, "in": 2})
    working = Working(lambda _key: None)
    keeper = Keeper(broker, state=TRAINER_STATE, assignment=working)
    broker.publish(
        Outgoing(topic=TRAINER_STATE.name, key=key, value=b"1 fraud", partition=number)
        for number, key in enumerate([b"a", b"b"])
    )
    keeper.restore({TopicPartition("in", 0): None, TopicPartition("in", 1): None})
    assert keeper.partition_of_key == {"a": 0, "b": 1}
    keeper.restore({TopicPartition("in", 1): None})
    assert keeper.partition_of_key == {"b": 1}
