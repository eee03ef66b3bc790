"""The broker of tests that break things: no other module's records lie in its topics."""

import pytest

from evermodel.common.messaging.kafka import KafkaBroker


@pytest.fixture
def broker(own_broker: KafkaBroker) -> KafkaBroker:
    """The broker that the test's module has to itself, every topic there."""
    return own_broker
