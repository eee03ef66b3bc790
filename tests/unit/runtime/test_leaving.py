"""A process whose work is done leaves as it is; a service commits before that, or undoes."""

import subprocess
import sys
from pathlib import Path

import psutil


def ended(program: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_that_leaves_has_said_everything_and_takes_nothing_apart() -> None:
    left = ended(
        "import atexit, sys; from evermodel.common.runtime.ending import leave; "
        "atexit.register(print, 'torn down'); print('said'); leave(3)"
    )
    assert (left.returncode, left.stdout) == (3, "said\n")


#: A loop that says what is done to it, run by the code that runs every service. `wire` says when
#: it is closed; the destructor of a loop that nobody keeps would hang where librdkafka does.
SERVICE = """
import sys
from contextlib import contextmanager
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.runtime import service
from evermodel.common.runtime.ending import leave
from evermodel.common.settings.process import ServiceSettings

class Loop:
    def __init__(self, *_, **__): pass
    def run(self, *, until): {work}
    def settle(self, *, commit): print("commits" if commit else "undoes")
    def close(self, **_): print("closed")
    def __del__(self): print("taken apart")

@contextmanager
def wire():
    try:
        yield ServiceSpec(name="sample", service="sample")
    finally:
        print("lets go")

service.Loop = Loop
leave(service.run_service(wire, settings=ServiceSettings()))
"""


def test_a_service_commits_lets_go_and_leaves_its_clients_alone() -> None:
    left = ended(SERVICE.format(work="pass"))
    assert (left.returncode, left.stdout.split("\n")) == (0, ["commits", "lets go", ""])


def test_a_service_that_fails_undoes_lets_go_and_leaves_its_clients_alone() -> None:
    left = ended(SERVICE.format(work="raise ArithmeticError"))
    assert (left.returncode, left.stdout.split("\n")) == (1, ["undoes", "lets go", ""])


#: Its work is a process that never ends by itself, watched from beside the loop.
WORKING = """
        import threading
        from evermodel.common.runtime.bounded import Bounds, run_bounded
        from pathlib import Path
        code = "import os, threading; print(os.getpid(), flush=True); threading.Event().wait()"
        log, command = Path(sys.argv[1]), [sys.executable, "-c", code]
        bounds = Bounds(600, 1000)
        work = lambda: run_bounded(command, bounds=bounds, log=log, environment=dict())
        threading.Thread(target=work, daemon=True).start()
        while not (log.exists() and log.read_text().endswith("\\n")): threading.Event().wait(0.01)
"""


def test_a_service_that_leaves_leaves_nobody_behind(tmp_path: Path) -> None:
    left = ended(SERVICE.format(work=WORKING), str(tmp_path / "log"))
    assert left.returncode == 0, left.stderr
    assert not psutil.pid_exists(int((tmp_path / "log").read_text()))
