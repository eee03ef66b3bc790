"""A connected broker, for tests that talk to Kafka themselves."""

from collections.abc import Iterator

import pytest

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.embedded.testing import connected


@pytest.fixture
def broker(kafka_bootstrap: str) -> Iterator[KafkaBroker]:
    """The broker of the test run, with what other tests left in its topics."""
    with connected(kafka_bootstrap) as made:
        yield made
