"""A bundle that is gone from a real artefact store, and put back: nobody restarts a scorer."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evermodel.artefact.sample import write_sample
from evermodel.common.events.catalogue import ROLLOUT_STEP, SERVING_APPLIED
from evermodel.common.events.codec import decode, encode
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.file import parse_model
from evermodel.embedded.testing import connected
from tests.integration.services import end, service
from tests.unit.scorer.bench import MODEL, meta, play, step

NAME = "bundle-gone"
PATIENCE_SECONDS = 120.0

pytestmark = [
    # MLflow's own schema uses what SQLAlchemy 2.1 deprecates; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]


@pytest.fixture
def broker(kafka_bootstrap: str) -> Iterator[KafkaBroker]:
    with connected(kafka_bootstrap) as made:
        yield made


def answers(broker: KafkaBroker) -> dict[str, str]:
    """Return the states that the scorer has said, by event id."""
    found = (
        decode(ServingApplied, value=record.value, headers=record.headers)
        for record in read_whole(broker, partitions_of(broker, [SERVING_APPLIED.name]))
        if record.key == NAME.encode()
    )
    return {event.meta.id: event.payload.versions[0].state for event in found}


def until(is_so: Callable[[], bool], *, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.2)


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the champion's bundle is gone from MLflow's artefact store, and a person puts it back",
    promise="the scorer says that it cannot serve, and serves as soon as it is back: no restart",
    seen="error 'bundle-gone v1 cannot serve'; serving.applied failed, then ready, each under an "
    "id of its own",
)
def test_a_bundle_that_is_put_back_serves(
    broker: KafkaBroker,
    kafka_bootstrap: str,
    mlflow_server: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    import mlflow  # noqa: PLC0415  # seconds: only who needs it pays

    client = mlflow.MlflowClient(mlflow_server)
    run = client.create_run(client.create_experiment(NAME)).info.run_id
    features = parse_model(MODEL, source="test").features
    digest = write_sample(tmp_path / "v1", features=features, weights={"TX_AMOUNT": 0.01})
    champion = play(1, role="champion", weight=100, digest=digest)
    champion["artefact"]["uri"] = f"runs:/{run}/bundle"
    told = replace(meta(f"{NAME}-step"), subject=NAME)
    value, headers = encode(step(champion, model=NAME, version=1), told)
    broker.publish(
        [Outgoing(topic=ROLLOUT_STEP.name, key=NAME.encode(), value=value, headers=headers)]
    )
    (tmp_path / "model.toml").write_text(MODEL.replace('"fraud"', f'"{NAME}"'))
    log = tmp_path / "scorer.log"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "MLFLOW_TRACKING_URI": mlflow_server,
        "EVERMODEL_MODELS": str(tmp_path / "model.toml"),
        "EVERMODEL_WORK": str(tmp_path / "work"),
        "EVERMODEL_HEALTH_PORT": "0",
    }
    with service("scorer", environment=environment, log=log) as scorer:
        until(lambda: [*answers(broker).values()] == ["failed"], log=log)
        assert f"{NAME} v1 cannot serve" in log.read_text()
        client.log_artifacts(run, str(tmp_path / "v1"), "bundle")
        began = time.monotonic()
        until(lambda: [*answers(broker).values()] == ["failed", "ready"], log=log)
        record_property("serves_again_seconds", round(time.monotonic() - began, 1))
        end(scorer, log=log, within_seconds=20)
