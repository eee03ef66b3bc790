"""A supervisor whose processes are ended with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.supervisor import Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    running = Supervisor(records=tmp_path / "processes", clock=SystemClock())
    yield running
    running.stop()
