"""A group's offsets are told by its coordinator: one that it does not tell is not "none"."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import confluent_kafka as ck
import pytest

from evermodel.common.messaging.kafka_consumer import KafkaConsumer
from evermodel.common.messaging.kafka_starts import Holdings
from evermodel.common.messaging.ports import BrokerUnavailable, Listener
from evermodel.common.messaging.records import TopicPartition

PLACES = [TopicPartition("t", 0), TopicPartition("t", 1)]
_NO_OFFSET = -1001


class Client:
    """A client whose coordinator tells `offsets`, or an error, by partition."""

    def __init__(self, said: Sequence[int | ck.KafkaError]) -> None:
        self._said = said

    def subscribe(self, *_: object, **__: object) -> None:
        return None

    def committed(self, asked: Sequence[ck.TopicPartition], **_: object) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(topic=at.topic, partition=at.partition, offset=_NO_OFFSET, error=said)
            if isinstance(said, ck.KafkaError)
            else SimpleNamespace(topic=at.topic, partition=at.partition, offset=said, error=None)
            for at, said in zip(asked, self._said, strict=True)
        ]


class Everything:
    """Holds whatever was read."""

    def require(self, _committed: object) -> None:
        return None


def member(monkeypatch: pytest.MonkeyPatch, *said: int | ck.KafkaError) -> KafkaConsumer:
    monkeypatch.setattr(ck, "Consumer", lambda _: Client(said))
    listener, holdings = cast(Listener, None), cast(Holdings, Everything())
    return KafkaConsumer(cast(Any, {}), ["t"], listener, holdings=holdings)


def test_a_group_that_committed_nothing_has_no_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    found = member(monkeypatch, 7, _NO_OFFSET).committed(PLACES)
    assert found == {PLACES[0]: 7, PLACES[1]: None}


@pytest.mark.guarantee(
    "outside",
    fault="the coordinator of a group does not tell one of its offsets ({code})",
    promise="the service ends and asks again: it does not begin anew at the first record",
    seen="critical 'Kafka refused or did not answer: …', exit code 3",
)
@pytest.mark.parametrize(
    "code", ["UNSTABLE_OFFSET_COMMIT", "COORDINATOR_LOAD_IN_PROGRESS", "_TIMED_OUT", "_TRANSPORT"]
)
def test_an_offset_that_is_not_told_is_not_none(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    refused = ck.KafkaError(getattr(ck.KafkaError, code))
    with pytest.raises(BrokerUnavailable):
        member(monkeypatch, 7, refused).committed(PLACES)
