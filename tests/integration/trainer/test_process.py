"""The trainer as a process over a real broker and a real MLflow, both of which may go away.

::

    order ─▶ training ── kill -9, MLflow goes ── restart ── MLflow is back ─▶ one run, one event
"""

import signal
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.events.catalogue import MODEL_TRAINED
from evermodel.common.events.codec import decode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.embedded.mlflow_server import mlflow
from evermodel.trainer.adapters.mlflow_runs import CAUSED_BY
from tests.integration.services import service
from tests.integration.trainer.lakes import DELAY, START, table, write_lake

NAME = "trainer-process"
PATIENCE_SECONDS = 120.0
MODEL = f"""
[model]
name = "{NAME}"
[stream]
time = "t"
label = "y"
[features]
continuous = ["amount"]
[training]
window = "12d"
calibration = "3d"
holdout = "3d"
epochs = 2
hidden = [8]
"""

pytestmark = [
    # MLflow's own schema uses what SQLAlchemy 2.1 deprecates; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]


@pytest.fixture
def environment(own_kafka_bootstrap: str, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "model.toml").write_text(MODEL)
    write_lake(tmp_path / "lake", table(), model=NAME)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": own_kafka_bootstrap,
        "EVERMODEL_MODELS": str(tmp_path / "model.toml"),
        "EVERMODEL_LAKE": str(tmp_path / "lake"),
        "EVERMODEL_WORK": str(tmp_path / "work"),
        "EVERMODEL_HEALTH_PORT": "0",
        "EVERMODEL_TRAINER_THREADS": "1",
    }


def await_that(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)  # what another process does


def said(broker: KafkaBroker) -> Sequence[Event[ModelTrained]]:
    """Return every event of this test's model that is committed."""
    places = [
        TopicPartition(MODEL_TRAINED.name, partition)
        for partition in range(broker.partitions(MODEL_TRAINED.name))
    ]
    reader = broker.reader(places)
    found: list[Record] = []
    try:
        while not reader.caught_up():
            found += reader.poll(limit=500, timeout_seconds=0.2)
    finally:
        reader.close()
    ours = [record for record in found if record.key == NAME.encode()]
    return [decode(ModelTrained, value=r.value, headers=r.headers) for r in ours]


def runs(uri: str) -> list[Any]:
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(NAME)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def test_a_kill_in_the_middle_and_an_mlflow_that_goes_away_cost_neither_the_training_nor_a_second(
    own_broker: KafkaBroker, environment: dict[str, str], tmp_path: Path
) -> None:
    order = LifecycleCommand(model=ModelName(NAME), command="retrain", who="anna", why="a test")
    emit = Emit(order, START + timedelta(days=12) + DELAY, identity=NAME)
    records = emissions([emit], cause=None, source="/test")
    log, work = tmp_path / "trainer.log", tmp_path / "work"
    with mlflow(tmp_path / "mlflow") as uri:
        environment["MLFLOW_TRACKING_URI"] = uri
        with service("trainer", environment=environment, log=log) as first:
            own_broker.publish(records)
            await_that(lambda: list(work.glob("training-*/plan.json")), "no training began")
            first.send_signal(signal.SIGKILL)
    with service("trainer", environment=environment, log=log):
        await_that(lambda: b"does not answer, again in" in log.read_bytes(), "MLflow not missed")
        own_broker.publish(records)  # the same order, delivered again meanwhile
        assert said(own_broker) == []
        with mlflow(tmp_path / "mlflow") as back:
            assert back == uri
            await_that(lambda: said(own_broker), "no training came of it")
            own_broker.publish(records)  # and once more, now that it is answered
            time.sleep(2.0)  # long enough for a second training to begin
            (event,) = said(own_broker)
            assert event.payload.outcome == "trained", event.payload.reason
            assert event.meta.causation_id == event.payload.caused_by
            (run,) = runs(uri)
    assert run.info.run_id == event.payload.run_id
    assert run.info.status == "FINISHED"
    assert run.data.tags[CAUSED_BY] == event.payload.caused_by
    assert list(work.glob("training-*")) == []
