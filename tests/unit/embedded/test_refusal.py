"""A service that refuses its settings ends `up`, unless it ever worked: then it is restarted."""

import json
from pathlib import Path

import psutil
import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.readiness import refusal, tail
from evermodel.embedded.supervisor import Supervisor
from tests.unit.embedded.kept import FOREVER, command, eventually

REFUSES = "import sys; print('evermodel: EVERMODEL_X: no number'); sys.exit(2)"
#: It works; the next time it is started it refuses what it is told.
WORKS_ONCE = """
import os, sys, threading
from pathlib import Path
started = Path(os.environ["EVERMODEL_STARTED_FILE"])
if started.exists():
    sys.exit(2)
started.touch()
"""
#: Its first start finds no server, its second finds its settings wrong.
WAITS_THEN_REFUSES = """
import sys
from pathlib import Path
if Path(sys.argv[1]).exists():
    sys.exit(2)
Path(sys.argv[1]).touch()
sys.exit(3)
"""


def ended_by(supervisor: Supervisor) -> str:
    """Return in whose words the supervisor gave up."""
    with pytest.raises(Misconfigured) as caught:
        eventually(lambda: not supervisor.standings())
    return str(caught.value)


def test_a_service_that_refuses_its_settings_ends_everything_in_its_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.keep(command(tmp_path, FOREVER, name="server"), foundation=True)
    supervisor.keep(command(tmp_path, FOREVER, name="neighbour"))
    eventually(lambda: all(standing.pid for standing in supervisor.standings()))
    pids = [standing.pid for standing in supervisor.standings() if standing.pid]
    (tmp_path / "one.log").write_text("evermodel: EVERMODEL_OLD: said in a run before\n")
    supervisor.keep(command(tmp_path, REFUSES))
    assert ended_by(supervisor).startswith("one cannot start: EVERMODEL_X: no number (see ")
    supervisor.stop()
    assert len(pids) == 2
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not list((tmp_path / "processes").iterdir())


@pytest.mark.parametrize("then", ["sys.exit(2)", "threading.Event().wait()"])
def test_one_that_worked_is_restarted_and_its_neighbours_go_on(
    supervisor: Supervisor, tmp_path: Path, then: str
) -> None:
    supervisor.keep(command(tmp_path, FOREVER, name="neighbour"))
    supervisor.keep(command(tmp_path, WORKS_ONCE + then))
    if "wait" in then:  # it dies otherwise than by its settings, before it is told them wrong
        eventually((tmp_path / "processes" / "one.started").exists)
        supervisor.kill("one")
    eventually(lambda: supervisor.standings()[1].restarts >= 3)
    neighbour, one = supervisor.standings()
    assert one.status == 2
    assert (neighbour.state, neighbour.restarts) == ("running", 0)
    supervisor.stop()
    assert not list((tmp_path / "processes").iterdir())


def test_one_that_never_worked_is_refused_at_its_second_start_as_well(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.keep(command(tmp_path, WAITS_THEN_REFUSES, arguments=(str(tmp_path / "seen"),)))
    assert ended_by(supervisor).startswith("one cannot start: it did not say why")


def test_that_it_worked_in_an_earlier_run_does_not_count(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "processes").mkdir(exist_ok=True)
    (tmp_path / "processes" / "one.started").touch()
    supervisor.keep(command(tmp_path, REFUSES))
    assert "EVERMODEL_X" in ended_by(supervisor)


def test_a_foundation_speaks_for_itself(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.keep(command(tmp_path, REFUSES), foundation=True)
    with pytest.raises(NotAvailable, match="one ended with 2"):
        supervisor.await_ready("one", lambda: False, seconds=10)


def test_only_a_service_is_given_a_file_to_say_that_it_works(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    says = "import os; print('EVERMODEL_STARTED_FILE' in os.environ, flush=True);" + FOREVER
    supervisor.keep(command(tmp_path, says, name="server"), foundation=True)
    supervisor.keep(command(tmp_path, says, name="service"))
    logs = {"server.log": "False", "service.log": "True"}

    def said() -> dict[str, str]:
        return {log: (tmp_path / log).read_text().strip() for log in logs}

    eventually(lambda: all((tmp_path / log).exists() for log in logs) and all(said().values()))
    assert said() == logs


def test_a_refusal_is_what_was_said_since_the_start(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("evermodel: OLD: wrong\n")
    began = log.stat().st_size
    assert refusal(log, since=began) == "it did not say why"
    with log.open("a") as more:
        more.write("a warning\nevermodel: A: wrong\nevermodel: B: wrong\n")
    assert refusal(log, since=began) == "A: wrong | B: wrong"
    log.write_text("evermodel: C: wrong\n")
    assert refusal(log, since=began) == "C: wrong", "a log that was cut is read from its beginning"
    assert refusal(tmp_path / "none", since=0) == "it did not say why"


def test_a_line_of_a_log_is_quoted_as_people_write(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text(json.dumps({"level": "critical", "message": "rollout.engine of m: no"}))
    assert refusal(log, since=0) == tail(log) == "rollout.engine of m: no"
    bug = {"message": "stopped by a bug", "exception": "Traceback\n  line\nKeyError: 'x'"}
    log.write_text(f"{json.dumps(bug)}\n[1]\n{{}}\n")
    assert tail(log) == "stopped by a bug: KeyError: 'x' | [1] | {}"
