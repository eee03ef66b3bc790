"""A broker whose disk is full."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.findings import broker_at
from tests.faults.kafka.sample import GAVE_UP, GOES_ON, Sample
from tests.faults.server import server


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the broker's disk is full: it writes no byte more and ends, until there is room",
    promise=f"a service {GOES_ON}",
    seen="'evermodel doctor': kafka is down, no Kafka broker answers; " + GAVE_UP,
)
def test_a_full_disk_loses_nothing(
    tmp_path: Path, sample_at: Callable[..., Sample], record_property: Callable[..., None]
) -> None:
    with server(tmp_path / "broker") as broker:
        create_topics(KafkaSettings(bootstrap_servers=broker.direct))
        sample = sample_at(broker.bootstrap, direct=broker.direct)
        sample.start()
        sample.say(20)
        sample.flows()
        with sample.held("handled"):
            record_property("disk", broker.fill_disk())
        assert broker.wait(seconds=60) not in {None, 0}
        assert broker_at(KafkaSettings(bootstrap_servers=broker.direct)).verdict == "wrong"
        broker.stop()
        broker.start()
        sample.say(20)
        record_property("flows_again_seconds", sample.flows())
        record_property("ended_with", sample.gave_up())
