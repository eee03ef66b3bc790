"""A gateway before the real MLflow server of the test run."""

from collections.abc import Iterator

import pytest

from tests.faults.mlflow import gateway as gateways
from tests.faults.mlflow.gateway import Gateway
from tests.faults.mlflow.spoils import LOGIN, page


@pytest.fixture
def gateway(mlflow_server: str) -> Iterator[Gateway]:
    with gateways.before(mlflow_server) as made:
        made.spoil(LOGIN, page(200), times=1000)
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A model nobody else uses: the server outlives the test."""
    return f"m{abs(hash(request.node.nodeid)):x}"
