"""A process whose work is done leaves as it is; a service commits before that, or undoes."""

import subprocess
import sys


def ended(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
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
from evermodel.common.settings import ServiceSettings

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
