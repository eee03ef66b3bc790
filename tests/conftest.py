"""Fixtures that several kinds of tests share."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.runtime.service import tell_imports
from evermodel.embedded.testing import (
    connected,
    kafka_bootstrap,
    mlflow_server,
    own_kafka_bootstrap,
)

__all__ = ["kafka_bootstrap", "mlflow_server", "own_kafka_bootstrap"]

pytest_plugins = ["tests.certificate"]

# As in every process of ours: a server that is away is given up after seconds, not minutes.
tell_imports()

# A busy machine is no failure of a law; pytest's timeout ends what hangs. To explain a failure
# Hypothesis traces every line of every example, failing or not: that takes several times as long.
settings.register_profile(
    "evermodel", deadline=None, phases=[phase for phase in Phase if phase is not Phase.explain]
)
settings.load_profile("evermodel")


@pytest.fixture
def own_broker(own_kafka_bootstrap: str) -> Iterator[KafkaBroker]:
    """The broker that the test's module has to itself."""
    with connected(own_kafka_bootstrap) as made:
        yield made


@pytest.fixture
def root_restored() -> Iterator[None]:
    """The root logger is afterwards as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that may take longest: whatever ends last is waited for alone."""
    bounds: defaultdict[Path, float] = defaultdict(float)
    wholes: Counter[Path] = Counter()
    for item in items:
        bounds[item.path] = max(bounds[item.path], *_seconds(item.iter_markers("timeout")), 0.0)
        wholes[item.path] += item.get_closest_marker("whole") is not None
    items.sort(key=lambda item: (-bounds[item.path], -wholes[item.path]))


def _seconds(marks: Iterable[pytest.Mark]) -> list[float]:
    return [float(mark.args[0]) for mark in marks]
