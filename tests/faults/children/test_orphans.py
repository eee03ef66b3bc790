"""The service is killed while its child works: the child ends, and so does all that it started."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

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
#: By the words of a cell: what the child runs first, and how its service runs it.
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


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.guarantee(
    "outside",
    fault="the {service} is killed -9 while its child works, which has started a child",
    promise="neither outlives it",
    seen="evermodel up: '<service> … -9', restarted; the work is begun anew",
)
@pytest.mark.parametrize("service", SERVICES)
def test_a_child_and_its_children_end_with_a_service_that_is_killed(
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
        family = [psutil.Process(int(pid)) for pid in said.read_text().split()]
    finally:
        starter.kill()
        starter.wait()
    deadline = time.monotonic() + 20
    while not all(map(is_gone, family)) and time.monotonic() < deadline:
        time.sleep(0.05)  # as above
    left = [process.pid for process in family if not is_gone(process)]
    for pid in left:
        psutil.Process(pid).kill()
    assert left == []
