"""A broker that a module may break, and the sample service on it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.settings.kafka import KafkaSettings
from tests.faults.kafka.sample import Sample
from tests.faults.server import BrokerServer, server


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerServer]:
    """A broker that all tests of a module break, one after the other."""
    with server(tmp_path_factory.mktemp("broker")) as made:
        create_topics(KafkaSettings(bootstrap_servers=made.direct))
        yield made


@pytest.fixture
def sample_at(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Sample]]:
    """Make the sample service of this test on brokers; its processes end with the test.

    `direct`: where the test itself finds them, if it is not at the same address.
    """
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[-60:].strip("-")
    with ExitStack() as stack:

        def at(bootstrap: str, *, direct: str | None = None) -> Sample:
            made = Sample(name, direct=direct or bootstrap, bootstrap=bootstrap, folder=tmp_path)
            stack.callback(made.close)
            return made

        yield at


@pytest.fixture
def sample(shared_server: BrokerServer, sample_at: Callable[..., Sample]) -> Sample:
    """The sample service on the module's broker, not started."""
    return sample_at(shared_server.bootstrap, direct=shared_server.direct)
