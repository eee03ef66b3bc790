"""A dead letter keeps everything, and comes back once."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, ORDINARY_BYTES
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal, Permanent, Poison
from evermodel.common.messaging.api import NOTHING, Reaction, Route, ServiceSpec
from evermodel.common.messaging.deadletter import (
    DeadLetter,
    DeadLetterLimit,
    dead_letter,
    decode_dead_letter,
    encode_dead_letter,
)
from evermodel.common.messaging.memory import MemoryBroker, MemoryProducer
from evermodel.common.messaging.memory_group import MemoryConsumer
from evermodel.common.messaging.ports import Consumer, TransactionAborted
from evermodel.common.messaging.records import (
    Outgoing,
    Record,
    TopicPartition,
    size_of,
)
from evermodel.common.messaging.redrive import Redriven, redrive
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command

BYTES = st.none() | st.binary(max_size=40) | st.text(max_size=20).map(lambda t: t.encode("utf-8"))


@given(key=BYTES, value=BYTES, headers=st.lists(st.tuples(st.text(max_size=5), BYTES), max_size=3))
def test_every_field_survives(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    record = Record(topic="t", partition=3, offset=9, key=key, value=value, headers=tuple(headers))
    letter = dead_letter(
        record,
        group="drift-windower",
        reason="poison",
        error=Poison("bad"),
        attempts=2,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    published = encode_dead_letter(letter, topic="drift.dead-letter")
    again = decode_dead_letter(published.value)
    for field in fields(DeadLetter):
        assert getattr(again, field.name) == getattr(letter, field.name), field.name
    assert (published.topic, published.key) == ("drift.dead-letter", key)


def test_what_a_letter_says_of_its_error_holds_no_secret() -> None:
    letter = dead_letter(
        Record(topic="t", partition=0, offset=0, key=None, value=None, headers=()),
        group="g",
        reason="bug",
        error=RuntimeError("API request to http://ada:s3cr3t@127.0.0.1:9/api failed"),
        attempts=3,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    published = encode_dead_letter(letter, topic="registrar.dead-letter").value
    assert published is not None
    assert b"s3cr3t" not in published
    assert b"127.0.0.1:9" in published


LARGE = st.sampled_from([b"\xff", "ä".encode(), b'"', b"a", b""])
SIZES = st.integers(0, 1_000_000)


@given(parts=st.tuples(*[st.tuples(LARGE, SIZES)] * 3))
def test_a_letter_fits_its_topic_and_says_what_it_left_out(
    parts: tuple[tuple[bytes, int], ...],
) -> None:
    key, value, header = (byte * (size // max(len(byte), 1)) for byte, size in parts)
    record = Record(
        topic="t", partition=3, offset=9, key=key, value=value, headers=(("h", header),)
    )
    letter = dead_letter(
        record, group="g", reason="bug", error=KeyError("x" * 20_000), attempts=1, time=START
    )
    published = encode_dead_letter(letter, topic="drift.dead-letter")
    assert size_of(published) <= ORDINARY_BYTES
    again = decode_dead_letter(published.value)
    whole = {"key": key, "value": value, "headers": (("h", header),)}
    kept = {name: getattr(again, name) for name in whole if name not in again.cut}
    assert kept == {name: part for name, part in whole.items() if name not in again.cut}
    if len(key) + len(value) + len(header) < 100_000:
        assert not again.cut


@pytest.mark.parametrize(
    "value", [None, b"", b"[]", b"{}", b'{"reason": "mood"}', b'{"reason": "bug", "cut": ["x"]}']
)
def test_what_is_no_dead_letter_says_so(value: bytes | None) -> None:
    with pytest.raises(Poison, match="not a dead letter"):
        decode_dead_letter(value)


def test_the_limit_counts_within_its_window_only() -> None:
    limit = DeadLetterLimit(count=2, window=timedelta(seconds=60))
    for at in (0.0, 30.0, 60.0, 91.0):
        limit.note(at)
    with pytest.raises(Fatal):
        limit.note(92.0)


def test_records_of_an_unknown_model_stop_nobody_while_others_are_taken() -> None:
    limit = DeadLetterLimit(count=2, window=timedelta(seconds=60))
    limit.took(0.0)
    for at in range(50):
        limit.note(float(at), is_foreign=True)
    limit.note(50.0)
    limit.note(51.0)
    with pytest.raises(Fatal):
        limit.note(52.0)


def test_records_of_unknown_models_alone_stop_the_service() -> None:
    limit = DeadLetterLimit(count=2, window=timedelta(seconds=60))
    limit.took(0.0)
    limit.note(60.0, is_foreign=True)
    limit.note(61.0, is_foreign=True)
    with pytest.raises(Fatal):
        limit.note(62.0, is_foreign=True)


def refusing(seen: list[str], *, name: str, refuse: list[bool]) -> ServiceSpec:
    def handler(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        if refuse[0]:
            raise Permanent("not now")
        seen.append(event.why)
        return NOTHING

    return ServiceSpec(name=name, service="trainer", routes=[Route(LifecycleCommand, handler)])


def test_a_redrive_puts_back_once_and_for_the_one_that_gave_up() -> None:
    harness, mine, others = Harness(), list[str](), list[str]()
    refuse = [True]
    harness.add(refusing(mine, name="trainer", refuse=refuse))
    harness.add(refusing(others, name="deployer", refuse=[False]))
    harness.publish(command(1), time=START)
    harness.run()
    refuse[0] = False
    assert redrive(harness.broker, "trainer") == Redriven(back=1)
    assert redrive(harness.broker, "trainer") == Redriven()
    harness.run()
    assert mine == ["1"]
    assert others == ["1"]  # it had it the first time
    first, again = harness.records(LIFECYCLE_COMMANDS.name)
    assert (again.key, again.value, again.partition) == (first.key, first.value, first.partition)
    assert again.headers[: len(first.headers)] == first.headers


def test_two_letters_of_one_record_put_it_back_once() -> None:
    harness, topic = Harness(), LIFECYCLE_COMMANDS.name
    harness.add(refusing([], name="trainer", refuse=[True]))
    harness.publish(command(1), time=START)
    harness.run()
    (letter,) = harness.records("trainer.dead-letter")
    again = Outgoing(
        topic=letter.topic, key=letter.key, value=letter.value, partition=letter.partition
    )
    harness.publish_records([again])
    assert redrive(harness.broker, "trainer") == Redriven(back=1)
    harness.publish_records([again])
    assert redrive(harness.broker, "trainer") == Redriven()
    assert len(harness.records(topic)) == 2


def test_what_is_to_be_left_is_passed_over_once_and_for_all() -> None:
    harness, topic = Harness(), LIFECYCLE_COMMANDS.name
    harness.add(refusing([], name="trainer", refuse=[True]))
    harness.publish(command(1), time=START)
    harness.run()
    assert redrive(harness.broker, "trainer", leave={topic}) == Redriven(left=1)
    assert redrive(harness.broker, "trainer") == Redriven()
    assert len(harness.records(topic)) == 1


def test_a_record_given_up_again_can_be_redriven_again() -> None:
    harness = Harness()
    harness.add(refusing([], name="trainer", refuse=[True]))
    harness.publish(command(1), time=START)
    harness.run()
    for _ in range(3):
        assert redrive(harness.broker, "trainer").back == 1
        harness.run()
    headers = [name for name, _ in harness.records(LIFECYCLE_COMMANDS.name)[-1].headers]
    assert len(headers) == len(set(headers))


def given_up_when_large() -> tuple[Harness, list[str], list[bool]]:
    """Return a service that gave up a record too large for a letter, and then went on."""
    harness, seen, refuse = Harness(partitions=1), list[str](), [True]
    harness.add(refusing(seen, name="trainer", refuse=refuse))
    harness.publish(command(1).model_copy(update={"why": "\xff" * 400_000}), time=START)
    harness.run()
    refuse[0] = False
    harness.publish(command(2), time=START)
    harness.run()
    assert seen == ["2"]
    (letter,) = harness.dead_letters("trainer")
    assert (letter.cut, letter.value, letter.offset) == (("value",), None, 0)
    return harness, seen, refuse


@pytest.mark.guarantee(
    "input",
    fault="a record too large for a dead letter is given up",
    promise="the letter says what it left out; a redrive takes it from its topic",
    seen="cut in the dead letter",
)
def test_what_a_letter_left_out_is_put_back_from_its_topic() -> None:
    harness, seen, _ = given_up_when_large()
    assert redrive(harness.broker, "trainer") == Redriven(back=1)
    harness.run()
    assert seen[1:] == ["\xff" * 400_000]
    assert redrive(harness.broker, "trainer") == Redriven()


@pytest.mark.guarantee(
    "input",
    fault="the original of a cut dead letter is gone from its topic",
    promise="named by the redrive, which puts the others back",
    seen="evermodel redrive: 'its original is gone from its topic'; exit code 1",
)
def test_an_original_that_is_gone_is_named_and_hinders_no_other() -> None:
    harness, seen, refuse = given_up_when_large()
    harness.broker.trim(LIFECYCLE_COMMANDS.name)
    refuse[0] = True
    harness.publish(command(3), time=START)
    harness.run()
    refuse[0] = False
    done = redrive(harness.broker, "trainer")
    assert done == Redriven(back=1, gone=("lifecycle.commands[0]@0",))
    harness.run()
    assert seen == ["2", "3"]


def test_no_transaction_is_open_and_the_group_hears_of_us_while_originals_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness, _, _ = given_up_when_large()
    begin, look_up, done = MemoryProducer.begin, MemoryBroker.record, list[str]()
    poll = MemoryConsumer.poll

    def begun(producer: MemoryProducer) -> None:
        done.append("began")
        begin(producer)

    def looked_up(broker: MemoryBroker, at: TopicPartition, *, offset: int) -> Record | None:
        done.append("looked up")
        return look_up(broker, at, offset=offset)

    def polled(consumer: MemoryConsumer, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        done.append("polled")
        return poll(consumer, limit=limit, timeout_seconds=timeout_seconds)

    monkeypatch.setattr(MemoryProducer, "begin", begun)
    monkeypatch.setattr(MemoryConsumer, "poll", polled)
    monkeypatch.setattr(MemoryBroker, "record", looked_up)
    assert redrive(harness.broker, "trainer") == Redriven(back=1)
    assert done == ["polled", "polled", "looked up", "began"]


@pytest.mark.guarantee(
    "input",
    fault="a record among the dead letters is none",
    promise="left where it is and counted; the others are put back",
    seen="evermodel redrive: 'records of trainer.dead-letter are no dead letters'; exit code 1",
)
def test_an_unreadable_dead_letter_is_left_and_counted() -> None:
    harness = Harness()
    harness.publish_records([Outgoing(topic="trainer.dead-letter", key=None, value=b"?")])
    harness.add(Counting().spec())
    assert redrive(harness.broker, "trainer") == Redriven(unreadable=1)
    harness.run()
    assert not harness.events(ModelTrained)


@pytest.mark.guarantee(
    "input",
    fault="the transaction with a dead letter is undone",
    promise="the letter is written again, once",
    seen="'transaction undone, reading again from the last commit'",
)
def test_a_letter_whose_transaction_was_undone_is_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness, commit, undone = Harness(), MemoryProducer.commit, [False]

    def undone_once(
        producer: MemoryProducer,
        offsets: Mapping[TopicPartition, int],
        *,
        consumer: Consumer | None,
    ) -> None:
        if not undone[0]:
            undone[0] = True
            producer.abort()
            raise TransactionAborted("the coordinator moved")
        commit(producer, offsets, consumer=consumer)

    monkeypatch.setattr(MemoryProducer, "commit", undone_once)
    harness.add(refusing([], name="trainer", refuse=[True]))
    harness.publish(command(1), time=START)
    harness.run()
    assert undone == [True]
    assert len(harness.dead_letters("trainer")) == 1
