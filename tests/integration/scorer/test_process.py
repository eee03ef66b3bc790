"""Two real scorer processes over a real broker, with bundles from a real MLflow server."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest

from evermodel.artefact.sample import write_sample
from evermodel.common.events.catalogue import ROLLOUT_STEP, SERVING_APPLIED, TRANSACTIONS_SCORED
from evermodel.common.events.codec import encode
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.models.file import parse_model
from tests.integration.services import end, service
from tests.unit.scorer.bench import MODEL, meta, payment, play, record, step

NAME = "scorer-process"
ROWS = 200
PATIENCE_SECONDS = 90.0

pytestmark = [
    # MLflow's own schema uses what SQLAlchemy 2.1 deprecates; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]


@pytest.fixture
def plays(mlflow_server: str, tmp_path: Path) -> list[dict[str, Any]]:
    """Two versions as a registrar leaves them: bundles in a run, named by digest."""
    import mlflow  # noqa: PLC0415  # seconds: only who needs it pays

    client = mlflow.MlflowClient(mlflow_server)
    experiment = client.create_experiment(NAME)
    made = []
    for version, role, weight in ((1, "champion", 80), (2, "challenger", 20)):
        bundle = tmp_path / f"v{version}"
        features = parse_model(MODEL, source="test").features
        digest = write_sample(bundle, features=features, weights={"TX_AMOUNT": version / 100})
        run = client.create_run(experiment).info.run_id
        client.log_artifacts(run, str(bundle), "bundle")
        one = play(version, role=role, weight=weight, digest=digest)
        made.append(one | {"artefact": one["artefact"] | {"uri": f"runs:/{run}/bundle"}})
    return made


@contextmanager
def scorers(*instances: str, environment: dict[str, str], log: Path) -> Iterator[None]:
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                service("scorer", environment=environment | {"EVERMODEL_INSTANCE": i}, log=log)
            )
            for i in instances
        ]
        yield
        end(*started, log=log, within_seconds=20)


def test_two_processes_serve_two_versions_side_by_side(
    broker: KafkaBroker,
    plays: list[dict[str, Any]],
    kafka_bootstrap: str,
    mlflow_server: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "model.toml").write_text(MODEL.replace('"fraud"', f'"{NAME}"'))
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "MLFLOW_TRACKING_URI": mlflow_server,
        "EVERMODEL_MODELS": str(tmp_path / "model.toml"),
        "EVERMODEL_WORK": str(tmp_path / "work"),
        "EVERMODEL_HEALTH_PORT": "0",
    }
    with scorers("0", "1", environment=environment, log=tmp_path / "scorers.log"):
        told = replace(meta(f"{NAME}-step"), subject=NAME)
        value, headers = encode(step(*plays, model=NAME), told)
        broker.publish(
            [Outgoing(topic=ROLLOUT_STEP.name, key=NAME.encode(), value=value, headers=headers)]
        )
        applied = seen(broker, SERVING_APPLIED.name, count=2)
        assert {s["state"] for a in applied for s in a["versions"]} == {"ready"}
        assert {a["replica"] for a in applied} == {"0", "1"}
        broker.publish([sent(n, broker.partitions("transactions")) for n in range(ROWS)])
        rows = seen(broker, TRANSACTIONS_SCORED.name, count=ROWS)
        counted = scored(tmp_path / "scorers.log")
    assert sorted(int(row["id"]) for row in rows) == list(range(ROWS))
    assert all(set(row["scores"]) == {"1", "2"} for row in rows)
    assert set(Counter(row["decided_by"] for row in rows)) == {1, 2}
    assert counted == ROWS


def scored(log: Path) -> float:
    """Return the payments that the processes' own endpoints say were scored."""
    ports = re.findall(r"health on port (\d+)", log.read_text())
    assert len(ports) == 2
    found = 0.0
    for port in ports:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        assert (
            f'evermodel_model_info{{model="{NAME}",model_version="2",role="challenger"}} 1' in text
        )
        found += sum(map(float, re.findall(r"(?m)^evermodel_scored_total\{.*\} (\S+)$", text)))
    return found


def sent(number: int, partitions: int) -> Outgoing:
    made = record(payment(TRANSACTION_ID=number, CUSTOMER_ID=number), subject=NAME)
    headers = tuple((name, text) for name, text in made.headers if text is not None)
    partition = number % partitions
    return Outgoing(
        topic=made.topic, key=made.key, value=made.value, headers=headers, partition=partition
    )


def seen(broker: KafkaBroker, topic: str, *, count: int) -> Sequence[dict[str, Any]]:
    """Return `count` values of this test's model in `topic`, as soon as they are there."""
    places = [TopicPartition(topic, p) for p in range(broker.partitions(topic))]
    found: list[dict[str, Any]] = []
    reader = broker.reader(places)
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while len(found) < count and time.monotonic() < end:
            records = reader.poll(limit=500, timeout_seconds=0.2)
            found += [msgspec.json.decode(r.value or b"") for r in records if is_ours(r)]
    finally:
        reader.close()
    return found


def is_ours(found: Record) -> bool:
    return ("ce_subject", NAME.encode()) in found.headers
