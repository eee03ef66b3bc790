"""How many replicas a topic has is the cluster's to say, unless a person says it to us."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from evermodel.common.events.catalogue import MODEL_TRAINED
from evermodel.common.messaging import kafka_admin
from evermodel.common.messaging.kafka_admin import check_topics, topic_configuration
from evermodel.common.settings import KafkaSettings

NAME = MODEL_TRAINED.name


class Cluster:
    """Holds one topic; each of its partitions has as many replicas as is said."""

    def __init__(self, *replicas: int) -> None:
        self._replicas = replicas

    def __call__(self, configuration: object) -> "Cluster":
        return self

    def list_topics(self, **how: object) -> Any:
        partitions = {
            number: SimpleNamespace(replicas=list(range(count)))
            for number, count in enumerate(self._replicas)
        }
        return SimpleNamespace(topics={NAME: SimpleNamespace(error=None, partitions=partitions)})

    def describe_configs(self, resources: list[Any], **how: object) -> dict[Any, "Future[Any]"]:
        found: Future[Any] = Future()
        configuration = topic_configuration(MODEL_TRAINED)
        found.set_result({k: SimpleNamespace(value=v) for k, v in configuration.items()})
        return dict.fromkeys(resources, found)


def differences(settings: KafkaSettings, cluster: Cluster, patch: pytest.MonkeyPatch) -> list[str]:
    patch.setattr(kafka_admin, "AdminClient", cluster)
    return check_topics(settings, [MODEL_TRAINED])


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
