"""A real scorer over a real broker, its scoring process seen from outside, killed in mid-stream."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from evermodel.artefact.sample import write_sample
from evermodel.common.events.catalogue import (
    ROLLOUT_STEP,
    SERVING_APPLIED,
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
)
from evermodel.common.events.codec import encode
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.file import parse_model
from evermodel.embedded.testing import connected
from tests.faults.scoring.planted import SECRETS
from tests.faults.scoring.reading import seen
from tests.integration.services import service
from tests.unit.scorer.bench import MODEL, meta, payment, play, record, step

ROWS, SLICES = 400, 10


@dataclass(frozen=True)
class Bed:
    """A scorer that serves one version of `fraud`."""

    broker: KafkaBroker
    scorer: psutil.Process
    log: Path

    def scoring_process(self) -> psutil.Process:
        (child,) = self.scorer.children()
        return child

    def metric(self, name: str) -> float:
        port = re.findall(r"health on port (\d+)", self.log.read_text())[0]
        token = {"Authorization": f"Bearer {SECRETS['EVERMODEL_HTTP_TOKEN']}"}
        asked = Request(f"http://127.0.0.1:{port}/metrics", headers=token)
        with urlopen(asked, timeout=5) as answer:
            found = re.findall(rf"(?m)^{name} (\S+)$", answer.read().decode())
        return float(found[0])


@pytest.fixture(scope="module")
def bed(own_kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("scorer")
    (folder / "model.toml").write_text(MODEL)
    features = parse_model(MODEL, source="test").features
    digest = write_sample(folder / "v1", features=features, weights={"TX_AMOUNT": 0.01})
    kept = folder / "work" / "bundles" / digest.replace(":", "-")
    kept.parent.mkdir(parents=True)
    (folder / "v1").rename(kept)  # as fetched before: nothing of MLflow is needed
    environment = SECRETS | {
        "KAFKA_BOOTSTRAP_SERVERS": own_kafka_bootstrap,
        "KAFKA_SASL_PASSWORD_FILE": "",
        "KAFKA_SASL_PASSWORD": "",
        "EVERMODEL_MODELS": str(folder / "model.toml"),
        "EVERMODEL_WORK": str(folder / "work"),
        "EVERMODEL_HEALTH_PORT": "0",
    }
    log = folder / "log"
    with (
        connected(own_kafka_bootstrap) as broker,
        service("scorer", environment=environment, log=log) as process,
    ):
        value, headers = encode(
            step(play(1, role="champion", weight=100, digest=digest)), meta("step-1")
        )
        broker.publish(
            [Outgoing(topic=ROLLOUT_STEP.name, key=b"fraud", value=value, headers=headers)]
        )
        applied = seen(broker, SERVING_APPLIED.name, count=1)
        states = [version["state"] for one in applied for version in one["versions"]]
        assert states == ["ready"], log.read_text()[-3000:]
        yield Bed(broker, psutil.Process(process.pid), log)


def sent(numbers: range) -> list[Outgoing]:
    rows = [record(payment(TRANSACTION_ID=n, CUSTOMER_ID=n)) for n in numbers]
    return [
        Outgoing(topic=TRANSACTIONS.name, key=row.key, value=row.value, partition=0) for row in rows
    ]


@pytest.mark.guarantee(
    "security",
    fault="a SavedModel, which is a program, looks for the scorer's passwords",
    promise="it runs in a process of its own that was told none; the scorer itself loads none",
    seen="/proc/<pid>/environ and maps of evermodel.scorer and evermodel.scorer.child",
)
def test_the_scorer_has_the_passwords_and_its_scoring_process_has_tensorflow(bed: Bed) -> None:
    child = bed.scoring_process()
    assert "planted-5" in bed.scorer.environ().values()
    assert [value for value in child.environ().values() if "planted" in value] == []
    assert has_tensorflow(child)
    assert not has_tensorflow(bed.scorer)


@pytest.mark.guarantee(
    "outside",
    fault="a scorer's scoring process is killed -9 in mid-stream",
    promise="every payment is scored once, and by the version that serves",
    seen="log 'the scoring process ended with signal SIGKILL; it is started again'; metric "
    "evermodel_scoring_restarts_total",
)
def test_payments_flow_on_when_the_scoring_process_is_killed(bed: Bed) -> None:
    for part in range(SLICES):
        bed.broker.publish(sent(range(part * ROWS // SLICES, (part + 1) * ROWS // SLICES)))
        if part == SLICES // 2:
            bed.scoring_process().kill()
    rows = seen(bed.broker, TRANSACTIONS_SCORED.name, count=ROWS)
    assert Counter(int(row["id"]) for row in rows) == dict.fromkeys(range(ROWS), 1)
    assert {(row["decided_by"], *row["scores"]) for row in rows} == {(1, "1")}
    assert bed.metric("evermodel_scoring_restarts_total") == 1
    said = "the scoring process ended with signal SIGKILL; it is started again"
    assert bed.log.read_text().count(said) == 1


@pytest.mark.guarantee(
    "outside",
    fault="a scorer is killed -9 while its scoring process waits for work",
    promise="the scoring process does not outlive it",
    seen="ps: no evermodel.scorer.child without its evermodel.scorer",
)
def test_the_scoring_process_ends_with_a_scorer_that_is_killed(bed: Bed) -> None:
    child = bed.scoring_process()
    bed.scorer.kill()
    assert psutil.wait_procs([child], timeout=20)[1] == [], "it outlived its scorer"


def has_tensorflow(process: psutil.Process) -> bool:
    return any("/tensorflow/" in each.path for each in process.memory_maps())
