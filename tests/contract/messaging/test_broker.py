"""The promises of ``messaging/ports.py``, asked of the in-memory broker and of a real Kafka."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest

from evermodel.common.events.catalogue import Topic
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.ports import (
    Broker,
    BrokerUnavailable,
    Consumer,
    Fenced,
    Reader,
    TransactionAborted,
)
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.settings.kafka import KafkaSettings
from tests.contract.messaging.place import Assigned, Place

_NUMBERS = count()
PARTITIONS = 4


@pytest.fixture(params=["memory", "kafka"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    number = next(_NUMBERS)
    topic, other = f"contract-{number}", f"contract-{number}-other"
    broker: Broker
    bootstrap: str | None = None
    if request.param == "memory":
        broker = MemoryBroker({topic: PARTITIONS, other: PARTITIONS})
    else:
        bootstrap = request.getfixturevalue("kafka_bootstrap")
        settings = KafkaSettings(bootstrap_servers=bootstrap, data_partitions=PARTITIONS)
        create_topics(settings, [_topic(topic), _topic(other)])
        broker = KafkaBroker(settings)
    made = Place(broker, topic=topic, other=other, bootstrap=bootstrap)
    yield made
    made.close()


def _topic(name: str) -> Topic:
    return Topic(
        name=name,
        holds="a test",
        key="entity",
        payloads=(),
        plane="data",
        retention_seconds=None,
        producers=(),
        consumers=(),
    )


def read(consumer: Consumer | Reader, *, until: int, polls: int = 100) -> list[str]:
    found: list[Record] = []
    for _ in range(polls):
        found += consumer.poll(limit=100, timeout_seconds=0.1)
        if len(found) >= until:
            break
    return [(r.value or b"").decode() for r in found]


def settle(*consumers: Consumer, done: Callable[[], bool]) -> None:
    for _ in range(200):
        for consumer in consumers:
            assert not consumer.poll(limit=1, timeout_seconds=0.05)
        if done():
            return
    pytest.fail("the group did not settle")


def settled(place: Place) -> tuple[Consumer, Assigned]:
    """Return the only member of a group, to whom every partition is assigned."""
    consumer, assigned = place.consumer()
    settle(consumer, done=lambda: len(assigned.partitions) == PARTITIONS)
    return consumer, assigned


def test_a_record_comes_back_as_it_was_put(place: Place) -> None:
    place.broker.publish([place.outgoing("1", partition=2)])
    (record,) = read_whole(place.broker, [place.at(2)])
    assert (record.topic, record.partition, record.offset) == (place.topic, 2, 0)
    assert (record.key, record.value) == (b"k", b"1")
    assert record.headers == (("h", b"\xff\x00"), ("h", b"2"))


def test_the_key_decides_the_partition_alike(place: Place) -> None:
    place.broker.publish([place.outgoing(f"{i}", partition=None, key=f"k{i}") for i in range(12)])
    records = read_whole(place.broker, partitions_of(place.broker, [place.topic]))
    found = {(record.value or b"").decode(): record.partition for record in records}
    # Kafka's murmur2 of k0 … k11 over four partitions.
    assert [found[f"{i}"] for i in range(12)] == KEYS_GO_TO


KEYS_GO_TO = [1, 1, 1, 0, 0, 0, 1, 0, 2, 0, 2, 2]


def test_a_null_value_is_a_value(place: Place) -> None:
    place.broker.publish([Outgoing(topic=place.topic, key=b"k", value=None, partition=0)])
    assert [r.value for r in read_whole(place.broker, [place.at(0)])] == [None]


def test_a_single_record_is_found_where_it_lies_and_nowhere_else(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    for value in ("0", "2"):  # each commit's marker takes an offset too
        producer.begin()
        producer.send(place.outgoing(value))
        producer.commit({}, consumer=None)
    producer.close()
    found = [place.broker.record(place.at(0), offset=offset) for offset in range(6)]
    assert [record and record.value for record in found] == [b"0", None, b"2", None, None, None]
    assert [record.offset for record in found if record] == [0, 2]


def test_an_unknown_topic_is_refused(place: Place) -> None:
    with pytest.raises(BrokerUnavailable, match="no topic"):
        place.broker.partitions("nowhere")
    assert place.broker.partitions(place.topic) == PARTITIONS


def test_a_reader_of_nothing_has_caught_up(place: Place) -> None:
    assert place.everything() == []


def test_what_is_not_committed_does_not_show(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    consumer, _ = settled(place)
    producer.begin()
    producer.send(place.outgoing("1"))
    place.await_written()
    place.broker.publish([place.outgoing("2", partition=1)])
    assert read(consumer, until=2, polls=8) == ["2"]
    producer.commit({}, consumer=None)
    assert read(consumer, until=1) == ["1"]
    producer.close()


def test_an_open_transaction_hides_what_lies_behind_it(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    consumer, _ = settled(place)
    producer.begin()
    producer.send(place.outgoing("1"))
    place.await_written()
    place.broker.publish([place.outgoing("2")])
    assert read(consumer, until=1, polls=10) == []
    producer.commit({}, consumer=None)
    assert read(consumer, until=2) == ["1", "2"]
    producer.close()


def test_an_aborted_transaction_never_shows_and_leaves_a_gap(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    for value, commit in (("1", False), ("2", True)):
        producer.begin()
        producer.send(place.outgoing(value))
        if commit:
            producer.commit({}, consumer=None)
        else:
            producer.abort()
    assert place.everything() == ["2"]
    producer.close()


def test_offsets_become_true_with_the_records_or_not_at_all(place: Place) -> None:
    place.broker.publish([place.outgoing("in")])
    consumer, _ = place.consumer()
    producer = place.broker.producer(transactional_id=place.topic)
    assert read(consumer, until=1) == ["in"]
    for partition in (1, 2):
        producer.begin()
        producer.send(place.outgoing("out", partition=partition))
        if partition == 1:
            producer.abort()
            assert consumer.committed([place.at(0)]) == {place.at(0): None}
        else:
            producer.commit({place.at(0): 1}, consumer=consumer)
    assert consumer.committed([place.at(0)]) == {place.at(0): 1}
    assert place.everything().count("out") == 1
    producer.close()


def test_the_next_producer_of_a_name_fences_the_one_before(place: Place) -> None:
    first = place.broker.producer(transactional_id=place.topic)
    first.begin()
    first.send(place.outgoing("zombie"))
    second = place.broker.producer(transactional_id=place.topic)
    with pytest.raises(Fenced):
        first.commit({}, consumer=None)
    second.begin()
    second.send(place.outgoing("living"))
    second.commit({}, consumer=None)
    assert place.everything() == ["living"]
    second.close()
    first.close()


def test_a_returning_member_goes_on_where_it_committed(place: Place) -> None:
    place.broker.publish([place.outgoing("1"), place.outgoing("2")])
    consumer, _ = place.consumer()
    producer = place.broker.producer(transactional_id=place.topic)
    assert read(consumer, until=2) == ["1", "2"]
    producer.begin()
    producer.commit({place.at(0): 1}, consumer=consumer)
    consumer.close()
    again, _ = place.consumer()
    assert read(again, until=1) == ["2"]
    producer.close()


def test_a_paused_partition_is_silent_and_loses_nothing(place: Place) -> None:
    consumer, _ = settled(place)
    consumer.pause([place.at(0)])
    place.broker.publish([place.outgoing("0"), place.outgoing("1", partition=1)])
    assert read(consumer, until=2, polls=8) == ["1"]
    consumer.resume([place.at(0)])
    assert read(consumer, until=1) == ["0"]


def test_an_end_is_told_past_markers_and_what_was_undone(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    consumer, _ = settled(place)
    producer.begin()
    producer.send(place.outgoing("1"))
    producer.commit({}, consumer=None)
    assert read(consumer, until=1) == ["1"]
    settle(consumer, done=lambda: consumer.ends().get(place.at(0)) == 2)
    producer.begin()
    producer.send(place.outgoing("undone"))
    place.await_written(after=2)
    producer.abort()
    settle(consumer, done=lambda: consumer.ends().get(place.at(0)) == 4)
    assert consumer.lag()[place.at(0)] == 0
    producer.close()


def test_no_end_is_told_of_what_is_not_returned_yet(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    consumer, assigned = settled(place)
    place.broker.publish([place.outgoing("1"), place.outgoing("2")])
    found: list[Record] = []
    for _ in range(200):
        found += consumer.poll(limit=1, timeout_seconds=0.05)
        if len(found) == 1:
            assert place.at(0) not in consumer.ends()
        if consumer.ends().get(place.at(0)) == 2:
            break
    assert len(found) == 2
    producer.begin()
    producer.send(place.outgoing("3"))
    place.await_written()
    assert read(consumer, until=1, polls=5) == []
    assert consumer.ends()[place.at(0)] == 2, "what is not decided yet is not at its end"
    producer.commit({}, consumer=None)
    assert read(consumer, until=1) == ["3"]
    settle(consumer, done=lambda: consumer.ends().get(place.at(0)) == 4)
    consumer.restart(dict.fromkeys(assigned.partitions))
    assert place.at(0) not in consumer.ends(), "it is read again"
    producer.close()


def test_a_partition_paused_when_a_rebalance_takes_it_is_consumed_by_its_next_owner(
    place: Place,
) -> None:
    first, mine = place.consumer("a")
    settle(first, done=lambda: len(mine.partitions) == PARTITIONS)
    first.pause([place.at(p) for p in range(PARTITIONS)])
    second, yours = place.consumer("b")
    settle(
        first,
        second,
        done=lambda: len(mine.partitions) == len(yours.partitions) == PARTITIONS // 2,
    )
    place.broker.publish([place.outgoing(f"{p}", partition=p) for p in range(PARTITIONS)])
    assert sorted(read(first, until=2)) == ["0", "1"]
    assert sorted(read(second, until=2)) == ["2", "3"]


def test_restart_reads_again_from_the_given_offsets(place: Place) -> None:
    place.broker.publish([place.outgoing("1"), place.outgoing("2")])
    consumer, assigned = place.consumer()
    assert read(consumer, until=2) == ["1", "2"]
    consumer.pause([place.at(0)])
    consumer.restart({p: (1 if p == place.at(0) else None) for p in assigned.partitions})
    assert read(consumer, until=1) == ["2"]


def test_members_share_partitions_and_topics_alike(place: Place) -> None:
    topics = [place.topic, place.other]
    first, mine = place.consumer("a", topics=topics)
    settle(first, done=lambda: len(mine.partitions) == 2 * PARTITIONS)
    second, yours = place.consumer("b", topics=topics)
    settle(
        first,
        second,
        done=lambda: len(mine.partitions) == len(yours.partitions) == PARTITIONS,
    )
    assert mine.log == ["assigned", "revoked", "assigned"]
    for share in (mine.partitions, yours.partitions):
        numbers = [{p.partition for p in share if p.topic == topic} for topic in topics]
        assert numbers[0] == numbers[1]
    assert not set(mine.partitions) & set(yours.partitions)


def test_a_member_for_whom_nothing_is_left_is_told_so(place: Place) -> None:
    members = [place.consumer(str(number)) for number in range(PARTITIONS + 1)]
    shares = [assigned for _, assigned in members]
    settle(
        *(consumer for consumer, _ in members),
        done=lambda: (
            all(share.log[-1:] == ["assigned"] for share in shares)
            and sum(len(share.partitions) for share in shares) == PARTITIONS
        ),
    )
    assert sorted(len(share.partitions) for share in shares) == [0] + [1] * PARTITIONS


def test_a_commit_from_within_a_revocation_counts(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    first, mine = place.consumer("a")
    settle(first, done=lambda: len(mine.partitions) == PARTITIONS)
    revoke = mine.on_revoked

    def commit(partitions: Sequence[TopicPartition], /) -> None:
        producer.begin()
        for number in range(7):
            producer.send(place.outgoing(str(number)))
        producer.commit({place.at(0): 7}, consumer=first)
        revoke(partitions)

    mine.on_revoked = commit  # type: ignore[method-assign]
    second, yours = place.consumer("b")
    settle(first, second, done=lambda: len(yours.partitions) == PARTITIONS // 2)
    mine.on_revoked = revoke  # type: ignore[method-assign]
    assert second.committed([place.at(0)]) == {place.at(0): 7}
    producer.close()


def test_a_member_that_lost_its_name_is_fenced(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    zombie, mine = place.consumer("a")
    settle(zombie, done=lambda: len(mine.partitions) == PARTITIONS)
    living, yours = place.consumer("a")
    settle(living, done=lambda: len(yours.partitions) == PARTITIONS)
    producer.begin()
    with pytest.raises((TransactionAborted, Fenced)):
        producer.commit({place.at(0): 1}, consumer=zombie)
    assert living.committed([place.at(0)]) == {place.at(0): None}
    producer.close()


def test_a_reader_has_caught_up_where_somebody_writes_all_the_time(place: Place) -> None:
    place.broker.publish([place.outgoing("1"), place.outgoing("2")])
    reader = place.broker.reader([place.at(0)])
    place.broker.publish([place.outgoing("later")])
    assert read(reader, until=3) == ["1", "2", "later"]
    assert reader.caught_up()
    reader.close()


def test_a_reader_waits_for_what_was_being_written(place: Place) -> None:
    producer = place.broker.producer(transactional_id=place.topic)
    producer.begin()
    producer.send(place.outgoing("1"))
    place.await_written()
    reader = place.broker.reader([place.at(0)])
    for _ in range(5):
        assert not reader.poll(limit=10, timeout_seconds=0.1)
    assert not reader.caught_up()
    producer.commit({}, consumer=None)
    assert read(reader, until=1) == ["1"]
    for _ in range(100):
        if reader.caught_up():
            break
        reader.poll(limit=10, timeout_seconds=0.1)
    assert reader.caught_up()
    reader.close()
    producer.close()
