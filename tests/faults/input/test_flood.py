"""A flood of broken records, as a process meets it: it ends, and says why."""

from pathlib import Path

import pytest

from evermodel.common.events.catalogue import TRANSACTIONS
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing
from tests.integration.services import service
from tests.unit.scorer.bench import MODEL

PATIENCE_SECONDS = 60.0


@pytest.mark.whole
@pytest.mark.guarantee(
    "input",
    fault="a scorer's input is broken from now on",
    promise="the process ends with exit code 1 after so many dead letters a minute; it drains "
    "nothing into the bin",
    seen="'stopped for safety: more than 5 dead letters within 60 s'; exit code 1; "
    "EVERMODEL_DEAD_LETTERS_PER_MINUTE",
)
def test_a_flood_ends_the_process_and_says_why(
    broker: KafkaBroker, own_kafka_bootstrap: str, tmp_path: Path
) -> None:
    (tmp_path / "model.toml").write_text(MODEL)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": own_kafka_bootstrap,
        "EVERMODEL_MODELS": str(tmp_path / "model.toml"),
        "EVERMODEL_LAKE": str(tmp_path),
        "EVERMODEL_WORK": str(tmp_path / "work"),
        "EVERMODEL_HEALTH_PORT": "0",
        "EVERMODEL_DEAD_LETTERS_PER_MINUTE": "5",
        "MLFLOW_TRACKING_URI": str(tmp_path / "mlruns"),
    }
    broker.publish([Outgoing(topic=TRANSACTIONS.name, key=None, value=b"{")] * 50)
    log = tmp_path / "scorer.log"
    with service("scorer", environment=environment, log=log) as process:
        code = process.wait(timeout=PATIENCE_SECONDS)
    assert code == 1, log.read_text()[-3000:]
    assert "stopped for safety: more than 5 dead letters within 60 s" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert len(read_whole(broker, partitions_of(broker, ["scorer.dead-letter"]))) <= 5
