"""How many replicas a topic has is the cluster's to say, unless a person says it to us."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from evermodel.common.events.catalogue import MODEL_TRAINED, MODEL_VALIDATED
from evermodel.common.messaging import kafka_admin, kafka_check
from evermodel.common.messaging.kafka_admin import topic_configuration
from evermodel.common.messaging.kafka_check import check_topics, unusable
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.findings import partitions_at

NAME = MODEL_TRAINED.name


class Cluster:
    """Holds one topic; each of its partitions has as many replicas as is said."""

    def __init__(self, *replicas: int, in_step: int = 1) -> None:
        self._replicas, self.in_step = replicas, in_step

    def __call__(self, configuration: object) -> "Cluster":
        return self

    def list_topics(self, **how: object) -> Any:
        partitions = {
            number: SimpleNamespace(
                replicas=list(range(count)), leader=0 if count else -1, isrs=[0] * min(count, 1)
            )
            for number, count in enumerate(self._replicas)
        }
        return SimpleNamespace(topics={NAME: SimpleNamespace(error=None, partitions=partitions)})

    def describe_configs(self, resources: list[Any], **how: object) -> dict[Any, "Future[Any]"]:
        found: Future[Any] = Future()
        configuration = topic_configuration(MODEL_TRAINED)
        configuration["min.insync.replicas"] = str(self.in_step)
        found.set_result({k: SimpleNamespace(value=v) for k, v in configuration.items()})
        return dict.fromkeys(resources, found)


def differences(settings: KafkaSettings, cluster: Cluster, patch: pytest.MonkeyPatch) -> list[str]:
    patch.setattr(kafka_check, "AdminClient", cluster)
    return [str(each) for each in check_topics(settings, [MODEL_TRAINED])]


def test_the_cluster_decides_unless_it_is_told() -> None:
    settings = KafkaSettings()
    assert settings.replication == -1
    assert kafka_admin._new_topic(MODEL_TRAINED, settings).replication_factor == -1


def test_a_person_decides_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERMODEL_KAFKA_REPLICATION", "3")
    settings = KafkaSettings()
    assert kafka_admin._new_topic(MODEL_TRAINED, settings).replication_factor == 3


@pytest.mark.parametrize("nonsense", [0, -2])
def test_what_is_no_number_of_replicas_is_refused(nonsense: int) -> None:
    with pytest.raises(ValidationError, match="replication"):
        KafkaSettings(replication=nonsense)


def test_too_few_replicas_of_any_partition_are_told_where_a_number_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = KafkaSettings(replication=3)
    assert differences(settings, Cluster(3, 3, 1, 3), monkeypatch) == [
        f"{NAME}: 1 replicas instead of 3"
    ]
    assert differences(settings, Cluster(3, 3, 3, 3), monkeypatch) == []


def test_any_number_of_replicas_is_right_where_none_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert differences(KafkaSettings(), Cluster(1, 1, 1, 1), monkeypatch) == []


def test_each_difference_has_the_remedy_that_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_check, "AdminClient", Cluster(1, 1, 1))
    wanted = [MODEL_TRAINED, MODEL_VALIDATED]
    found = {d.what: d.remedy for d in check_topics(KafkaSettings(replication=3), wanted)}
    assert found["missing"] == "evermodel topics create"
    assert "EVERMODEL_LIFECYCLE_PARTITIONS" in found["3 partitions instead of 4"]
    assert "kafka-reassign-partitions" in found["1 replicas instead of 3"]


@pytest.mark.guarantee(
    "outside",
    fault="brokers are away, and one that is left answers: {said}",
    promise="doctor calls the partitions wrong that cannot be written",
    seen="doctor: 'partitions: … {said}'",
)
@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        (Cluster(3, 0, 3, 0), "nobody leads partition 1, 3"),
        (
            Cluster(3, 3, in_step=2),
            "fewer replicas in step than min.insync.replicas=2 of partition 0, 1",
        ),
    ],
)
def test_partitions_that_cannot_be_written_are_named(
    cluster: Cluster, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_check, "AdminClient", cluster)
    monkeypatch.setattr(kafka_check, "ends_of", lambda *_, **__: {})
    assert unusable(KafkaSettings(), [MODEL_TRAINED]) == [f"{NAME}: {said}"]
    monkeypatch.setattr(kafka_check, "AdminClient", Cluster(3, 3))
    assert unusable(KafkaSettings(), [MODEL_TRAINED]) == []


def test_partitions_that_do_not_answer_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise BrokerUnavailable("without a leader: model.trained[0]")

    monkeypatch.setattr(kafka_check, "AdminClient", Cluster(3, 3))
    monkeypatch.setattr(kafka_check, "ends_of", away)
    found = partitions_at(KafkaSettings())
    assert (found.verdict, found.detail) == (
        "wrong",
        "not all of them answer: without a leader: model.trained[0]",
    )


@pytest.mark.parametrize("name", ["EVERMODEL_DATA_PARTITIONS", "EVERMODEL_LIFECYCLE_PARTITIONS"])
def test_more_partitions_than_a_cluster_can_have_are_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "99999999999")
    with pytest.raises(ValidationError, match="less than or equal to 10000"):
        KafkaSettings()
