"""The registrar as a process: an event in from Kafka, a verdict out, within its memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import cast

import psutil
from confluent_kafka import Consumer

from evermodel.common.events.codec import decode, encode
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.records import Outgoing
from evermodel.common.settings.kafka import KafkaSettings
from tests.integration.services import end, service
from tests.unit.registrar.samples import meta, trained

MEMORY_BOUND = 400 << 20
MODEL = """
[model]
name = "fraud"
[stream]
time = "TIME"
label = "FRAUD"
[features]
continuous = ["AMOUNT"]
"""


@contextmanager
def registrar(bootstrap: str, mlflow: str, folder: Path) -> Iterator[psutil.Process]:
    (folder / "model.toml").write_text(MODEL)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "MLFLOW_TRACKING_URI": mlflow,
        "EVERMODEL_MODELS": str(folder / "model.toml"),
        "EVERMODEL_WORK": str(folder / "work"),
    }
    log = folder / "registrar.log"
    with service("registrar", environment=environment, log=log) as child:
        yield psutil.Process(child.pid)
        end(child, log=log)


def first_verdict(bootstrap: str, *, caused_by: str, seconds: float) -> ModelValidated:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "registrar-process-test",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe(["model.validated"])
    deadline = monotonic() + seconds
    try:
        while monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
            event = decode(ModelValidated, value=message.value(), headers=headers)
            if event.meta.causation_id == caused_by:
                return event.payload
    finally:
        consumer.close()
    raise AssertionError("no verdict came")


def test_a_verdict_follows_over_kafka_within_400_mb(
    kafka_bootstrap: str, mlflow_server: str, tmp_path: Path
) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka_bootstrap)
    create_topics(settings)
    broker = KafkaBroker(settings)
    event = trained(run_id="0" * 32)
    value, headers = encode(event, meta("over-kafka", type_=ModelTrained.TYPE))
    try:
        with registrar(kafka_bootstrap, mlflow_server, tmp_path) as process:
            broker.publish(
                [Outgoing(topic="model.trained", key=b"fraud", value=value, headers=headers)]
            )
            said = first_verdict(kafka_bootstrap, caused_by="over-kafka", seconds=60)
            assert (said.verdict, said.version) == ("rejected", None)
            assert said.reasons[0].startswith("loads: fail: no such artefact")
            assert process.memory_info().rss < MEMORY_BOUND
    finally:
        broker.close()
