"""One replica of the sample service as a process, which may kill itself at a named moment.

``crash_worker.py INSTANCE``; EVERMODEL_CRASH_AT="committing:3" ends it by SIGKILL the third
time the loop reaches that moment. Only this test process knows the variable.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import run_service
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.settings.process import ServiceSettings
from evermodel.common.testing.sample import Counting

_WANTED, _, _COUNT = os.environ.get("EVERMODEL_CRASH_AT", ":0").partition(":")  # the test's switch
_left = int(_COUNT)


def at(moment: str) -> None:
    global _left  # noqa: PLW0603  # one process, one countdown
    if moment == _WANTED:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def wire() -> Iterator[ServiceSpec]:
    yield Counting().spec(name=sys.argv[2])


if __name__ == "__main__":
    settings = ServiceSettings(loop=LoopSettings(instance=sys.argv[1]))
    leave(run_service(wire, settings=settings, at=at))
