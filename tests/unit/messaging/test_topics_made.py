"""A topic counts as made when a broker shows and leads it, not when the controller says so."""

from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import confluent_kafka as ck
import pytest

from evermodel.common.events.catalogue import CATALOGUE, MODEL_TRAINED, Topic
from evermodel.common.messaging import kafka_admin
from evermodel.common.messaging.kafka_admin import create_topics, topic_configuration
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings

UNKNOWN = SimpleNamespace(error="UNKNOWN_TOPIC_OR_PART", partitions={})
SHOWN = SimpleNamespace(error=None, partitions={0: object()})


class SlowCluster:
    """A controller that makes topics at once, and a broker that hears of them late.

    It leads a partition only when it was asked `leaderless` times where that ends; until then it
    says so, or (`mute`) gives a number that is no offset.
    """

    def __init__(
        self, answers: Iterator[dict[str, Any]], *, leaderless: int = 0, mute: bool = False
    ) -> None:
        self._answers, self.leaderless, self._mute = answers, leaderless, mute

    def __call__(self, configuration: object) -> "SlowCluster":
        return self

    def create_topics(self, wanted: list[Any], **how: object) -> dict[str, "Future[None]"]:
        made: Future[None] = Future()
        made.set_result(None)
        return {topic.topic: made for topic in wanted}

    def list_topics(self, **how: object) -> Any:
        return SimpleNamespace(topics=next(self._answers))

    def list_offsets(self, asked: dict[Any, Any], **how: object) -> dict[Any, "Future[Any]"]:
        future: Future[Any] = Future()
        if self.leaderless:
            self.leaderless -= 1
            if self._mute:
                future.set_result(SimpleNamespace(offset=ck.OFFSET_INVALID))
                return dict.fromkeys(asked, future)
            refusal = ck.KafkaError(ck.KafkaError.NOT_LEADER_FOR_PARTITION)
            future.set_exception(ck.KafkaException(refusal))
        else:
            future.set_result(SimpleNamespace(offset=0))
        return dict.fromkeys(asked, future)


def test_it_waits_until_a_broker_shows_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    name = MODEL_TRAINED.name
    answers = iter([{}, {name: UNKNOWN}, {name: SHOWN}])
    monkeypatch.setattr(kafka_admin, "AdminClient", SlowCluster(answers))
    assert create_topics(KafkaSettings(), [MODEL_TRAINED]) == [name]
    assert list(answers) == [], "it asked until the topic was there"


@pytest.mark.parametrize("mute", [False, True])
def test_it_waits_until_a_broker_leads_what_was_made(
    monkeypatch: pytest.MonkeyPatch, *, mute: bool
) -> None:
    name = MODEL_TRAINED.name
    cluster = SlowCluster(iter(lambda: {name: SHOWN}, None), leaderless=2, mute=mute)
    monkeypatch.setattr(kafka_admin, "AdminClient", cluster)
    assert create_topics(KafkaSettings(), [MODEL_TRAINED]) == [name]
    assert not cluster.leaderless, "it asked until the broker led the topic"


def test_a_topic_that_no_broker_ever_shows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    never: Iterator[dict[str, Any]] = iter(lambda: {}, None)
    monkeypatch.setattr(kafka_admin, "AdminClient", SlowCluster(never))
    monkeypatch.setattr(kafka_admin, "_REQUEST_SECONDS", 0.05)
    with pytest.raises(BrokerUnavailable, match=r"not shown by the broker: model\.trained"):
        create_topics(KafkaSettings(), [MODEL_TRAINED])


@pytest.mark.parametrize(
    "topic", [topic for topic in CATALOGUE if topic.compacted], ids=lambda topic: topic.name
)
def test_what_is_read_whole_at_a_start_is_compacted_by_the_megabyte(topic: Topic) -> None:
    assert int(topic_configuration(topic)["segment.bytes"]) <= 32 << 20
