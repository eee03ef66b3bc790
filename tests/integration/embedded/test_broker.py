"""The broker of the tests is a real one."""

from confluent_kafka.admin import AdminClient


def test_a_real_broker_answers(kafka_bootstrap: str) -> None:
    metadata = AdminClient({"bootstrap.servers": kafka_bootstrap}).list_topics(timeout=10)
    assert len(metadata.brokers) == 1
