"""One replica of the sample service as a process that tests can hold at a named moment.

``worker.py INSTANCE GROUP FOLDER``; while ``FOLDER/hold-MOMENT`` exists, the loop that reaches
MOMENT makes ``FOLDER/held`` and waits. EVERMODEL_TEST_SKEW_SECONDS sets its machine's clock apart:
all of what it knows of the time, and the timestamps of the records it writes.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import confluent_kafka

from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.runtime import service
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.runtime.ending import leave
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.settings.process import ServiceSettings
from evermodel.common.testing.sample import Counting

INSTANCE, GROUP, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
SKEW = timedelta(seconds=float(os.environ.get("EVERMODEL_TEST_SKEW_SECONDS", "0")))


class SkewedClock(SystemClock):
    def now(self) -> datetime:
        return super().now() + SKEW


class SkewedProducer(confluent_kafka.Producer):
    """librdkafka dates records by the machine's clock, which a test cannot set."""

    def produce(self, *given: Any, **named: Any) -> None:
        at = datetime.now(UTC) + SKEW
        super().produce(*given, **{**named, "timestamp": int(at.timestamp() * 1000)})


def at(moment: str) -> None:
    wish = FOLDER / f"hold-{moment}"
    if not wish.exists():
        return
    (FOLDER / "held").touch()
    while wish.exists():
        time.sleep(0.01)


@contextmanager
def wire() -> Iterator[ServiceSpec]:
    yield Counting().spec(name=GROUP)


if __name__ == "__main__":
    if SKEW:
        # The machine's clock, set apart.
        patch.object(service, "SystemClock", SkewedClock).start()
        patch.object(confluent_kafka, "Producer", SkewedProducer).start()
    settings = ServiceSettings(loop=LoopSettings(instance=INSTANCE))
    leave(service.run_service(wire, settings=settings, at=at))
