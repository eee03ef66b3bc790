"""A state folder whose path means something to Java or in a URL holds what it is said to hold."""

from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded import broker
from evermodel.embedded.broker import kafka
from evermodel.embedded.mlflow_server import mlflow
from evermodel.embedded.readiness import alone
from evermodel.embedded.security import Security

#: A name of a person, and what is a list in Java's properties, an escape there, and in a URL.
ODD = "José, \\u 100%20 a?b#c"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    (tmp_path / ODD).mkdir()
    return tmp_path / ODD


def test_the_brokers_data_lie_in_its_folder_whatever_that_is_called(odd: Path) -> None:
    broker.prepare(odd)
    assert (odd / "data" / "meta.properties").is_file()
    assert [path.name for path in odd.parent.iterdir()] == [ODD]


@pytest.mark.whole
def test_the_servers_files_lie_in_its_folder_whatever_that_is_called(odd: Path) -> None:
    with mlflow(odd) as uri:
        file = f"{uri}/api/2.0/mlflow-artifacts/artifacts/a.txt"
        with urlopen(Request(file, data=b"x", method="PUT"), timeout=20):
            pass
        assert (odd / "artefacts" / "a.txt").read_text() == "x"
    assert [path.name for path in odd.parent.iterdir()] == [ODD]


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the state folder's path holds an accent, a comma, a backslash, %, ? and #",
    promise="'up' starts there again and again, and leaves nothing elsewhere",
    seen="nothing",
)
def test_a_broker_and_a_server_start_again_in_an_odd_folder(odd: Path) -> None:
    for _ in range(2):
        with kafka(odd / "kafka"), mlflow(odd / "mlflow") as uri, urlopen(f"{uri}/health"):
            pass
    assert [path.name for path in odd.parent.iterdir()] == [ODD]


@pytest.mark.whole
def test_a_secured_broker_finds_its_certificates_from_an_odd_folder(odd: Path) -> None:
    security = Security(odd / "secrets")
    security.make(now=SystemClock().now())
    secured = partial(broker.prepare, certificates=security.certificates)
    with alone(secured, odd / "kafka"):
        security.let_in(broker.administration(odd / "kafka"))
