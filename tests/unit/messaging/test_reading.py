"""Reading a topic whole ends: at its end, or when it goes nowhere."""

from collections.abc import Iterator
from itertools import count

import pytest

from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.ports import BrokerUnavailable, Producer, Reader
from evermodel.common.messaging.reading import PATIENCE_SECONDS, read_rest
from evermodel.common.messaging.records import Outgoing, TopicPartition

AT = TopicPartition("topic", 0)


def sent(value: bytes) -> Outgoing:
    return Outgoing(topic=AT.topic, key=b"k", value=value, headers=(), partition=0)


@pytest.fixture
def open_transaction() -> tuple[Producer, Reader]:
    """A record that shows, and a transaction behind it that is open."""
    broker = MemoryBroker({AT.topic: 1})
    broker.publish([sent(b"shows")])
    producer = broker.producer(transactional_id="id")
    producer.begin()
    producer.send(sent(b"waits"))
    return producer, broker.reader([AT])


def passing(*, seconds: float) -> Iterator[float]:
    return count(0.0, seconds)


def test_a_read_that_goes_nowhere_is_given_up_after_what_came_was_returned(
    open_transaction: tuple[Producer, Reader],
) -> None:
    _, reader = open_transaction
    found = read_rest(reader, monotonic=passing(seconds=PATIENCE_SECONDS / 3).__next__)
    assert next(found).value == b"shows"
    with pytest.raises(BrokerUnavailable, match="30 s"):
        next(found)


def test_what_is_made_of_a_record_may_take_its_time(
    open_transaction: tuple[Producer, Reader],
) -> None:
    producer, reader = open_transaction
    found = read_rest(reader, monotonic=iter([0.0, 1000.0, 1001.0]).__next__)
    assert next(found).value == b"shows"
    producer.commit({}, consumer=None)  # at 1000: only from here on is it waited for
    assert [record.value for record in found] == [b"waits"]
