"""Who runs a child is killed while it works: the child ends, and so does all that it started.

A bare program runs it, by what the service runs its own by: no service, and nothing of its work.
"""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.unit.runtime.offspring import is_gone

#: A child that starts a child of its own, as a library may, says so, and works for ever.
WORKS = """
import subprocess, sys, threading
more = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
with open({said!r}, "w") as said:
    said.write(f"{{os.getpid()}} {{more.pid}}")
threading.Event().wait()
"""
BOUNDED = "import os; from evermodel.common.runtime.bounded import *; end_with_starter()"
AHEAD = "import os; from evermodel.common.runtime.ahead import *; take_job(lambda: None)"
#: What the child of a service runs first, and how that service runs it.
SERVICES = {
    "trainer": (
        BOUNDED,
        "from evermodel.common.runtime.bounded import *; from pathlib import Path; "
        "run_bounded([sys.executable, '-c', sys.argv[1]], bounds=Bounds(600, 4096), "
        "log=Path(sys.argv[2]), environment={})",
    ),
    "registrar": (
        AHEAD,
        "from evermodel.common.runtime.ahead import *; "
        "Ahead([sys.executable, '-c', sys.argv[1]], environment={}).run([], "
        "bounds=Bounds(600, 4096))",
    ),
}


@pytest.mark.guarantee(
    "outside",
    fault="a program that runs a child as the {service} does is killed -9 while the child works, "
    "which has started a child",
    promise="neither outlives it",
    seen="ps -ef: nothing of the {service}'s work is left without it",
)
@pytest.mark.parametrize("service", SERVICES)
def test_a_child_and_its_children_end_with_a_starter_that_is_killed(
    service: str, tmp_path: Path
) -> None:
    begins, runs = SERVICES[service]
    said = tmp_path / "said"
    program = begins + WORKS.format(said=str(said))
    starter = subprocess.Popen(
        [sys.executable, "-c", f"import sys; {runs}", program, str(tmp_path / "log")]
    )
    try:
        deadline = time.monotonic() + 60
        while not (said.exists() and len(said.read_text().split()) == 2):
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)  # another process says it in its own time
        family = [int(pid) for pid in said.read_text().split()]
    finally:
        starter.kill()
        starter.wait()
    deadline = time.monotonic() + 20
    while not all(map(is_gone, family)) and time.monotonic() < deadline:
        time.sleep(0.05)  # as above
    left = [pid for pid in family if not is_gone(pid)]
    for pid in left:
        psutil.Process(pid).kill()
    assert left == []
