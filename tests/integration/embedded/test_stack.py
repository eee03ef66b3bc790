"""The stack on a real broker and MLflow: it starts, is refused twice, and leaves no orphan.

The services here are stand-ins that only wait, so that what is tried is the stack.
"""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from evermodel.common.events.catalogue import CATALOGUE
from evermodel.embedded import lock
from evermodel.embedded.addresses import kept_ports
from evermodel.embedded.addresses_file import read_addresses
from evermodel.embedded.errors import NotOurs, Occupied
from evermodel.embedded.process import recorded
from evermodel.embedded.repository import ensure_repository
from evermodel.embedded.services import Role
from evermodel.embedded.stack import forget, stack

WAITS = Role("waits", ("timeit", "-n1", "-r1", "import threading; threading.Event().wait()"))
SUPERVISOR = """
import sys, threading
from pathlib import Path
from threading import Event
from evermodel.embedded.services import Role
from evermodel.embedded.stack import forget, stack
with stack(Path(sys.argv[1]), models="m", roles=(Role("waits", tuple(sys.argv[2:])),)) as up:
    while not all(standing.pid for standing in up.standings()):
        threading.Event().wait(0.02)
    print("up", flush=True)
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture
def supervisor(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    arguments = [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(folder), *WAITS.module]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.guarantee(
    "outside",
    fault="the supervisor is killed -9; a second one is started on its folder while it runs",
    promise="the second is refused and told who holds it; the next start ends what is left, "
    "and the topics are as they were",
    seen="evermodel: '… is in use by process …'; 'ended … processes that an earlier run left'",
)
def test_killed_supervisor_leaves_nothing_that_the_next_start_does_not_end(
    supervisor: "subprocess.Popen[str]", folder: Path
) -> None:
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "up\n"
    running = [psutil.Process(record.pid) for record in recorded(folder / "processes")]
    assert {"kafka", "mlflow", "waits"} == {r.name for r in recorded(folder / "processes")}

    assert lock.holder(folder) == lock.Held(supervisor.pid)
    with pytest.raises(Occupied, match=str(supervisor.pid)), stack(folder, models="m"):
        raise AssertionError

    supervisor.kill()
    supervisor.wait()
    before = read_addresses(folder)
    with stack(folder, models="m", roles=(WAITS,)) as again:
        assert not [process for process in running if process.is_running()]
        assert before is not None
        assert before.bootstrap == again.bootstrap
        metadata = AdminClient({"bootstrap.servers": again.bootstrap}).list_topics(timeout=10)
        assert {topic.name for topic in CATALOGUE} <= set(metadata.topics)
        running = [psutil.Process(record.pid) for record in recorded(folder / "processes")]
    assert not [process for process in running if process.is_running()]
    assert lock.holder(folder) is None


def test_parts_of_ones_own_are_used_and_not_started(
    tmp_path: Path, kafka_bootstrap: str, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lake of mine").mkdir()
    port = kept_ports(tmp_path / "ports.json", names=("one",))["one"]
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "MLFLOW_TRACKING_URI": mlflow_server,
        "EVERMODEL_CONFIG_REPOSITORY": ensure_repository(tmp_path / "mine.git").as_uri(),
        "EVERMODEL_LAKE": str(tmp_path / "lake of mine"),
        "EVERMODEL_CONSOLE_PORT": str(port),
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    shows = Role("shows", ("timeit", "-n1", "-r1", "import os; print(dict(os.environ))"))
    state, extra = tmp_path / "state", {"EVERMODEL_SCORER_FAULT": "1:x:2"}
    with stack(state, models="m", roles=(shows,), extra_env=extra) as up:
        assert [standing.name for standing in up.standings()] == ["shows"]
        assert up.console == f"http://127.0.0.1:{port}"
        log = up.log("shows")
        while not (log.exists() and b"best of" in log.read_bytes()):
            Event().wait(0.02)
    shown = ast.literal_eval(log.read_text().splitlines()[0])
    expected = {**own, "EVERMODEL_MODELS": "m", **extra}
    assert {name: shown[name] for name in expected} == expected
    assert not (state / "config.git").exists()
    assert not (state / "lake").exists()


def test_forgetting_leaves_a_folder_in_which_no_stack_ever_ran(tmp_path: Path) -> None:
    thesis = tmp_path / "stack" / "kafka" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work")
    with pytest.raises(NotOurs, match="no state folder"):
        forget(tmp_path / "stack")
    assert thesis.exists()


def test_forgetting_a_stack_removes_it_unless_somebody_holds_it(tmp_path: Path) -> None:
    kept = tmp_path / "stack" / "kafka" / "data"
    kept.mkdir(parents=True)
    with lock.held(tmp_path / "stack"), pytest.raises(Occupied):
        forget(tmp_path / "stack")
    assert kept.exists()
    forget(tmp_path / "stack")
    assert not (tmp_path / "stack").exists()
    forget(tmp_path / "stack")
