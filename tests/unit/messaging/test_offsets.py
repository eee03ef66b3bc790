"""A partition that has no leader just now is waited for; what else a broker refuses is said."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import cast

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import AdminClient

from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.records import TopicPartition

PLACE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)


class Answer:
    """What ``list_offsets`` says of a partition."""

    offset = 7


class Admin:
    """An administrator whose broker refuses with `errors`, one a time, before it answers.

    Of `OTHER` it answers at once.
    """

    def __init__(self, *errors: int) -> None:
        self.errors, self.looked = list(errors), 0
        self.asked: list[TopicPartition] = []

    def list_offsets(
        self, asked: Mapping[ck.TopicPartition, object], **_: object
    ) -> "dict[ck.TopicPartition, Future[Answer]]":
        self.asked += [TopicPartition(at.topic, at.partition) for at in asked]
        return {at: self._answer(at) for at in asked}

    def _answer(self, at: ck.TopicPartition) -> "Future[Answer]":
        future: Future[Answer] = Future()
        if self.errors and at.partition == PLACE.partition:
            future.set_exception(ck.KafkaException(ck.KafkaError(self.errors.pop(0))))
        else:
            future.set_result(Answer())
        return future

    def list_topics(self, **_: object) -> None:
        self.looked += 1


@pytest.mark.parametrize(
    "error",
    [
        ck.KafkaError.NOT_LEADER_FOR_PARTITION,
        ck.KafkaError.LEADER_NOT_AVAILABLE,
        ck.KafkaError.UNKNOWN_LEADER_EPOCH,
        ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
    ],
)
def test_a_partition_without_a_leader_is_asked_again(error: int) -> None:
    admin = Admin(error, error)
    assert ends_of(cast(AdminClient, admin), [PLACE]) == {PLACE: 7}
    assert admin.looked == 2, "each time the leaders are learnt anew"


def test_only_what_has_no_leader_is_asked_again() -> None:
    admin = Admin(ck.KafkaError.NOT_LEADER_FOR_PARTITION)
    assert ends_of(cast(AdminClient, admin), [PLACE, OTHER]) == {PLACE: 7, OTHER: 7}
    assert admin.asked == [PLACE, OTHER, PLACE]


def test_a_partition_that_never_has_a_leader_is_named() -> None:
    admin = Admin(*[ck.KafkaError.NOT_LEADER_FOR_PARTITION] * 1000)
    with pytest.raises(BrokerUnavailable, match=r"without a leader: t\[0\]$"):
        ends_of(cast(AdminClient, admin), [PLACE, OTHER], patience_seconds=0.1)


def test_another_refusal_is_told_at_once() -> None:
    admin = Admin(ck.KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(BrokerUnavailable):
        ends_of(cast(AdminClient, admin), [PLACE])
    assert admin.looked == 0


def test_of_no_partition_nobody_is_asked() -> None:
    assert ends_of(cast(AdminClient, Admin(ck.KafkaError.UNKNOWN_TOPIC_OR_PART)), []) == {}
