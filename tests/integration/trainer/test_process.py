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

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, MODEL_TRAINED, TRAINER_STATE
from evermodel.common.events.codec import decode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.embedded.mlflow_server import mlflow
from evermodel.trainer.adapters.mlflow_runs import CAUSED_BY
from evermodel.trainer.handlers.state import loaded
from tests.integration.groups import Group
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
    records = read_whole(broker, partitions_of(broker, [MODEL_TRAINED.name]))
    ours = [record for record in records if record.key == NAME.encode()]
    return [decode(ModelTrained, value=r.value, headers=r.headers) for r in ours]


def in_flight(broker: KafkaBroker) -> object:
    """Return the training that the trainer's state says is under way."""
    kept = read_whole(broker, partitions_of(broker, [TRAINER_STATE.name]))
    (*_, last) = [record.value for record in kept if record.key == NAME.encode()]
    return loaded(last or b"").in_flight


def runs(uri: str) -> list[Any]:
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(NAME)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


@pytest.mark.guarantee(
    "outside",
    fault="the trainer is killed -9 in a training, and MLflow is away when the next one starts",
    promise="one training, one run, one model.trained, however often the order comes",
    seen="trainer logs 'a training waits, again in …'",
)
def test_a_kill_in_the_middle_and_an_mlflow_that_goes_away_cost_neither_the_training_nor_a_second(
    own_kafka_bootstrap: str,
    own_broker: KafkaBroker,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    order = LifecycleCommand(model=ModelName(NAME), command="retrain", who="anna", why="a test")
    emit = Emit(order, START + timedelta(days=12) + DELAY, identity=NAME)
    records = emissions([emit], cause=None, source="/test")
    log, work = tmp_path / "trainer.log", tmp_path / "work"
    group = Group("trainer", own_kafka_bootstrap)
    with mlflow(tmp_path / "mlflow") as uri:
        environment["MLFLOW_TRACKING_URI"] = uri
        with service("trainer", environment=environment, log=log) as first:
            own_broker.publish(records)
            await_that(lambda: list(work.glob("training-*/plan.json")), "no training began")
            first.send_signal(signal.SIGKILL)
    with service("trainer", environment=environment, log=log):
        await_that(lambda: b"a training waits, again in" in log.read_bytes(), "MLflow not missed")
        own_broker.publish(records)  # the same order, delivered again meanwhile
        assert said(own_broker) == []
        with mlflow(tmp_path / "mlflow") as back:
            assert back == uri
            await_that(lambda: said(own_broker), "no training came of it")
            own_broker.publish(records)  # and once more, now that it is answered
            await_that(lambda: group.has_done_all(LIFECYCLE_COMMANDS.name), "an order lay unread")
            assert in_flight(own_broker) is None, "what is answered begins no second training"
            (event,) = said(own_broker)
            assert event.payload.outcome == "trained", event.payload.reason
            assert event.meta.causation_id == event.payload.caused_by
            (run,) = runs(uri)
    assert run.info.run_id == event.payload.run_id
    assert run.info.status == "FINISHED"
    assert run.data.tags[CAUSED_BY] == event.payload.caused_by
    assert list(work.glob("training-*")) == []
