"""Topics that are missing or not as the catalogue says: who says so, in which words."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evermodel.common.events.catalogue import (
    LIFECYCLE_COMMANDS,
    MODEL_TRAINED,
    TRAINER_STATE,
    TRANSACTIONS,
    TRANSACTIONS_WINDOWED,
)
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.kafka_check import check_topics
from evermodel.common.runtime.service import FAILED, UNAVAILABLE
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.findings import partitions_at, topics_at
from tests.faults.kafka.administrator import Administrator
from tests.faults.kafka.sample import Sample
from tests.faults.server import BrokerServer

COMMANDS = LIFECYCLE_COMMANDS.name


@pytest.fixture
def settings(shared_server: BrokerServer) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=shared_server.direct)


@pytest.fixture
def hands(shared_server: BrokerServer, settings: KafkaSettings) -> Iterator[Administrator]:
    """What is done to the input topic is undone."""
    made = Administrator(shared_server.direct)
    yield made
    if any(problem.topic == COMMANDS for problem in check_topics(settings)):
        made.delete(COMMANDS)
        create_topics(settings)


@contextmanager
def as_set(hands: Administrator, topic: str, **configuration: str) -> Iterator[None]:
    """Change settings of `topic` while the block runs."""
    hands.set(topic, **configuration)
    try:
        yield
    finally:
        hands.set(topic, **dict.fromkeys(configuration, ""))


@pytest.mark.guarantee(
    "outside",
    fault="a topic that a service needs is missing at its start",
    promise="it ends at once and says which; once made, it starts",
    seen="critical \"there is no topic 'lifecycle.commands': 'evermodel topics create' makes the "
    "missing ones\", exit code 3; doctor: 'lifecycle.commands: missing'",
)
def test_a_missing_topic_is_named_at_the_start(
    sample: Sample, hands: Administrator, settings: KafkaSettings
) -> None:
    hands.delete(COMMANDS)
    assert sample.start().wait(timeout=60) == UNAVAILABLE
    assert sample.messages("critical")[0] == (
        f"there is no topic '{COMMANDS}': 'evermodel topics create' makes the missing ones"
    )
    assert topics_at(settings).detail == f"{COMMANDS}: missing"
    create_topics(settings)
    sample.say(2)
    sample.until(lambda: sample.answers() == sample.expected)


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="a topic is deleted while a service reads it",
    promise="the service ends and says which, within the 30 s in which it looks for topics anew",
    seen="critical 'Subscribed topic not available: lifecycle.commands', exit code 3",
)
def test_a_topic_deleted_while_it_is_read_ends_the_service(
    sample: Sample, hands: Administrator
) -> None:
    process = sample.start()
    sample.say(5)
    sample.flows()
    hands.delete(COMMANDS)
    assert process.wait(timeout=90) == UNAVAILABLE
    message, *_ = sample.messages("critical")
    assert f"Subscribed topic not available: {COMMANDS}" in message


@pytest.mark.guarantee(
    "outside",
    fault="an input topic has another number of partitions than the service's state",
    promise="the service refuses to start: its state would lie in the wrong places",
    seen="critical 'topics of a service with state need equal partition counts', exit code 1; "
    "doctor: 'lifecycle.commands: 3 partitions instead of 4'",
)
def test_a_wrong_number_of_partitions_is_refused_at_the_start(
    sample: Sample, hands: Administrator, settings: KafkaSettings
) -> None:
    hands.delete(COMMANDS)
    hands.make(COMMANDS, partitions=3)
    assert sample.start().wait(timeout=60) == FAILED
    (message,) = sample.messages("critical")
    assert "topics of a service with state need equal partition counts" in message
    assert f"{COMMANDS}: 3 partitions instead of 4" in topics_at(settings).detail


@pytest.mark.guarantee(
    "outside",
    fault="{topic} has {name}={value}",
    promise="'evermodel doctor' and 'evermodel topics check' say so",
    seen="'{sentence}'",
)
@pytest.mark.parametrize(
    ("topic", "name", "value", "before", "sentence"),
    [
        (
            TRAINER_STATE.name,
            "cleanup.policy",
            "delete",
            "compact",
            "trainer.state: cleanup.policy is delete instead of compact",
        ),
        (
            TRANSACTIONS.name,
            "retention.ms",
            "1000",
            "604800000",
            "transactions: retention.ms is 1000 instead of 604800000",
        ),
        (
            MODEL_TRAINED.name,
            "max.message.bytes",
            "100",
            "",
            "model.trained: max.message.bytes is 100, less than 1040000",
        ),
        (
            TRANSACTIONS_WINDOWED.name,
            "max.message.bytes",
            "1048588",
            "8040000",
            "transactions.windowed: max.message.bytes is 1048588, less than 8040000",
        ),
    ],
)
def test_settings_that_would_lose_records_are_named(
    hands: Administrator,
    settings: KafkaSettings,
    topic: str,
    name: str,
    value: str,
    before: str,
    sentence: str,
) -> None:
    hands.set(topic, **{name.replace(".", "_"): value})
    try:
        found = topics_at(settings)
        assert partitions_at(settings).verdict == "well"
        assert found.detail == sentence
        assert "topics create" not in found.remedy, "it would change nothing"
        assert f"--alter --topic {topic} --add-config {name}=" in found.remedy
    finally:
        hands.set(topic, **{name.replace(".", "_"): before})


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="a topic takes smaller messages (max.message.bytes) than a service writes to it",
    promise="it tries again, about once a second, and goes on once the topic takes them",
    seen="warning 'transaction undone …: Message size too large'; "
    "evermodel_transactions_committed_total{{outcome='undone'}}",
)
def test_what_a_topic_refuses_is_tried_until_it_takes_it(
    sample: Sample, hands: Administrator
) -> None:
    sample.start()
    sample.say(5)
    sample.flows()
    with as_set(hands, MODEL_TRAINED.name, max_message_bytes="100"):
        sample.say(5)
        sample.until(lambda: len(sample.messages("warning")) >= 2)
        assert all("Message size too large" in said for said in sample.messages("warning"))
    sample.flows()
