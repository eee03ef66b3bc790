"""What a real Kafka says of itself: its topics, their partitions and who leads them."""

import confluent_kafka as ck

# Public, but the stub forgets to export it.
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]

from evermodel.common.messaging.kafka_errors import translate


def metadata(
    admin: AdminClient, *, timeout_seconds: float, topic: str | None = None
) -> ClusterMetadata:
    """Return what the cluster says of `topic`, or of all its topics. `admin` learns it as well.

    Raises:
        BrokerUnavailable: it does not answer or refuses.
    """
    try:
        return admin.list_topics(topic=topic, timeout=timeout_seconds)
    except ck.KafkaException as error:
        raise translate(error) from error
