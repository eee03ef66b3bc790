"""A secured broker, asked by everybody for everything: the catalogue's word is what holds."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from evermodel.common.events.access import (
    OPERATOR,
    READERS_GROUP,
    UPSTREAM,
    Grant,
    grants,
    principals,
    roles,
)
from evermodel.common.events.catalogue import (
    CATALOGUE,
    LABELS,
    TRANSACTIONS,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_SCORED,
)
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.kafka_check import check_topics
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.drift.adapters.kafka_backlog import KafkaBacklog
from evermodel.embedded import broker
from evermodel.embedded.process import Part
from evermodel.embedded.readiness import alone
from evermodel.embedded.security import Security

PATIENCE_SECONDS = 30.0
TOPICS = sorted(topic.name for topic in CATALOGUE)
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED


@dataclass(frozen=True)
class Secured:
    """A broker and its secrets."""

    bootstrap: str
    security: Security

    def settings(self, principal: str) -> KafkaSettings:
        return self.security.client(principal, bootstrap=self.bootstrap)

    def client(self, principal: str) -> dict[str, str | int]:
        return {**self.settings(principal).client(), "log_level": 0}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    security = Security(folder / "secrets")
    security.make(now=SystemClock().now())

    def prepare(place: Path) -> Part:
        return broker.prepare(place, certificates=security.certificates)

    with alone(prepare, folder / "kafka") as bootstrap:
        administration = broker.administration(folder / "kafka")
        security.let_in(administration)
        create_topics(security.administrator(administration))
        yield Secured(bootstrap, security)


@pytest.mark.guarantee(
    "security",
    fault="{principal} writes to every topic there is",
    promise="the broker takes what the catalogue lists for it, and refuses the rest",
    seen="TOPIC_AUTHORIZATION_FAILED; docs/access.md",
)
@pytest.mark.parametrize("principal", principals())
def test_everybody_writes_what_the_catalogue_says_and_nothing_else(
    secured: Secured, principal: str
) -> None:
    taken: dict[str, bool] = {}

    def note(error: KafkaError | None, message: Message) -> None:
        assert error is None or error.code() == REFUSED, error
        taken[str(message.topic())] = error is None

    producer = Producer(secured.client(principal))
    for topic in TOPICS:
        producer.produce(topic, b"{}", key=b"k", on_delivery=note)
    assert producer.flush(30) == 0
    allowed = {g.name for g in grants(principal) if g.operation == "write"}
    assert {topic for topic in TOPICS if taken[topic]} == allowed & {*TOPICS}


@pytest.mark.guarantee(
    "security",
    fault="{principal} reads every topic there is",
    promise="the broker shows what the catalogue lists for it, and refuses the rest",
    seen="TOPIC_AUTHORIZATION_FAILED; docs/access.md",
)
@pytest.mark.parametrize("principal", principals())
def test_everybody_reads_what_the_catalogue_says_and_nothing_else(
    secured: Secured, principal: str
) -> None:
    group = "evermodel-console-1" if principal == "console" else READERS_GROUP
    consumer = Consumer(
        {
            **secured.client(principal),
            "group.id": group,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    seen = {topic: consumer.list_topics(topic, timeout=30).topics[topic].error for topic in TOPICS}
    assert {error.code() for error in seen.values() if error is not None} <= {REFUSED}
    # Whoever may write a topic sees it: the reading itself must be refused.
    answered = {topic: False for topic, error in seen.items() if error is not None}
    consumer.assign([TopicPartition(topic, 0, 0) for topic in TOPICS if topic not in answered])
    for _ in range(300):
        for message in consumer.consume(100, 0.1):
            error = message.error()
            if error is None or error.code() == KafkaError._PARTITION_EOF:
                answered[str(message.topic())] = True
            elif error.code() == REFUSED:
                answered[str(message.topic())] = False
        if len(answered) == len(TOPICS):
            break
    consumer.close()
    allowed = {topic for topic in TOPICS if Grant("topic", topic, "read") in grants(principal)}
    assert {topic for topic, is_open in answered.items() if is_open} == allowed
    assert {*answered} == {*TOPICS}


@pytest.mark.guarantee(
    "security",
    fault="a service joins the consumer group of another",
    promise="refused: it takes no partition from it",
    seen="GROUP_AUTHORIZATION_FAILED",
)
def test_nobody_joins_the_group_of_another(secured: Secured) -> None:
    client = {**secured.client("drift-outcomes"), "group.id": "deployer"}
    consumer = Consumer(client)
    consumer.subscribe(["transactions.windowed"])
    codes = set()
    for _ in range(100):
        errors = [message.error() for message in consumer.consume(10, 0.1)]
        codes |= {error.code() for error in errors if error is not None}
        if codes:
            break
    consumer.close()
    assert codes == {KafkaError.GROUP_AUTHORIZATION_FAILED}


@pytest.mark.guarantee(
    "security",
    fault="a service begins transactions in the name of another",
    promise="refused: it fences nobody",
    seen="TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
)
def test_nobody_fences_the_transactions_of_another(secured: Secured) -> None:
    producer = Producer({**secured.client("scorer"), "transactional.id": "deployer-0"})
    with pytest.raises(KafkaException) as caught:
        producer.init_transactions(30)
    refused = KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert caught.value.args[0].code() == refused


@pytest.mark.guarantee(
    "security",
    fault="somebody connects, and {how}",
    promise="no answer, not even the names of the topics",
    seen="the client's own log: authentication or handshake failed",
)
@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ("guesses the password", {"sasl.password": "guessed"}),
        ("says another name", {"sasl.username": "mallory"}),
        ("does not encrypt", {"security.protocol": "PLAINTEXT"}),
        ("shows no password", {"security.protocol": "SSL"}),
    ],
    ids=["password", "name", "no encryption", "no password"],
)
def test_who_cannot_prove_who_they_are_gets_no_answer(
    secured: Secured, how: str, wrong: dict[str, str]
) -> None:
    producer = Producer({**secured.client(UPSTREAM), **wrong})
    with pytest.raises(KafkaException):
        producer.list_topics(timeout=3)


@pytest.mark.guarantee(
    "security",
    fault="another broker answers at the address, with a certificate of its own",
    promise="no client speaks to it",
    seen="SSL handshake failed: certificate verify failed",
)
def test_a_broker_with_another_authority_is_not_believed(secured: Secured, tmp_path: Path) -> None:
    other = Security(tmp_path)
    other.make(now=SystemClock().now())
    client = other.client(UPSTREAM, bootstrap=secured.bootstrap).client()
    with pytest.raises(KafkaException):
        Producer({**client, "log_level": 0}).list_topics(timeout=3)


@pytest.mark.guarantee(
    "security",
    fault="the operator's password makes a topic",
    promise="refused",
    seen="evermodel topics create: TOPIC_AUTHORIZATION_FAILED",
)
def test_the_operator_may_look_at_the_topics_and_make_none(secured: Secured) -> None:
    assert check_topics(secured.settings(OPERATOR)) == []
    missing = [replace(CATALOGUE[0], name="another")]
    with pytest.raises(BrokerUnavailable):
        create_topics(secured.settings(OPERATOR), missing)


@pytest.mark.guarantee(
    "security",
    fault="another user of the machine reads the stack's secrets",
    promise="refused: 0600 in 0700, and no moment in which it was not",
    seen="ls -l secrets",
)
def test_secrets_are_readable_by_their_owner_only(secured: Secured) -> None:
    files = [path for path in secured.security.folder.rglob("*") if path.is_file()]
    assert len(files) >= len(principals()) + 7
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = {path.parent.stat().st_mode & 0o777 for path in files}
    assert folders == {0o700}


@pytest.mark.guarantee(
    "security",
    fault="somebody lists the environment of a service",
    promise="it names the file of the password, not the password",
    seen="KAFKA_SASL_PASSWORD_FILE",
)
def test_no_password_stands_in_a_services_environment(secured: Secured) -> None:
    for role in roles():
        environment = secured.security.environment(role)
        password = Path(environment["KAFKA_SASL_PASSWORD_FILE"]).read_text("utf-8")
        assert password not in environment.values()
        assert environment["KAFKA_SASL_USERNAME"] == role


def test_the_detector_is_told_how_far_others_are_with_what_it_may_not_read(
    secured: Secured,
) -> None:
    topics = [TRANSACTIONS.name, TRANSACTIONS_SCORED.name, LABELS.name, TRANSACTIONS_PARTIALS.name]
    own = KafkaBacklog(secured.settings("drift-detector"), scored_from=[TRANSACTIONS.name])
    with closing(own) as backlog:
        for topic in topics:
            ends = backlog.ends(topic)
            assert ends, f"it is not told where {topic} ends"
            nothing = dict.fromkeys(ends, 0)
            end = time.monotonic() + PATIENCE_SECONDS  # at first a group has no coordinator yet
            while not backlog.is_past(topic, nothing):
                assert time.monotonic() < end, f"it is not told who is how far with {topic}"
    other = KafkaBacklog(secured.settings("drift-outcomes"), scored_from=[TRANSACTIONS.name])
    with closing(other) as backlog:
        assert backlog.ends(TRANSACTIONS.name) is None
        assert not backlog.is_past(LABELS.name, {0: 0})
