"""What dies is started again, later each time; and at the end nothing is left."""

from pathlib import Path

import psutil
import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.services import replicas
from evermodel.embedded.slot import Slot
from evermodel.embedded.supervisor import Supervisor
from tests.unit.embedded.kept import FOREVER, command, eventually

DEAF = f"import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); {FOREVER}"


class HandClock(SystemClock):
    """A clock set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def has_ended(slot: Slot) -> bool:
    slot.look()
    return slot.child is None


def test_a_killed_process_comes_back(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.keep(command(tmp_path, FOREVER))
    eventually(lambda: supervisor.standings()[0].pid)
    killed = supervisor.kill("one")
    eventually(lambda: supervisor.standings()[0].pid not in {killed, None})
    assert supervisor.standings()[0].restarts == 1
    assert supervisor.standings()[0].status == -9


@pytest.mark.guarantee(
    "outside",
    fault="a service dies at once, again and again",
    promise="restarted later each time, 30 s at most",
    seen="evermodel status: restarting, restarts …, last exit code …",
)
def test_restarts_of_what_keeps_dying_are_put_off_longer_each_time(tmp_path: Path) -> None:
    clock = HandClock()
    slot = Slot(command(tmp_path, "raise SystemExit(3)"), records=tmp_path, clock=clock)
    waited = []
    for _ in range(4):
        start = clock.seconds
        while slot.child is None:
            slot.look()
            clock.seconds += 0.1 if slot.child is None else 0.0
        waited.append(clock.seconds - start)
        eventually(lambda: has_ended(slot))
    assert waited[0] == 0
    assert waited[1] < waited[2] < waited[3]
    assert slot.status == 3


@pytest.mark.guarantee(
    "outside",
    fault="a service does not heed SIGTERM",
    promise="it is killed; nothing is left",
    seen="nothing",
)
def test_stop_leaves_nothing_even_of_what_will_not_end(tmp_path: Path) -> None:
    supervisor = Supervisor(records=tmp_path / "processes", clock=SystemClock())
    for name in ("deaf", "good"):
        code = DEAF if name == "deaf" else FOREVER
        supervisor.keep(command(tmp_path, code, name=name), foundation=name == "deaf")
    eventually(lambda: (tmp_path / "deaf.log").exists() and (tmp_path / "deaf.log").stat().st_size)
    eventually(lambda: all(standing.pid for standing in supervisor.standings()))
    pids = [standing.pid for standing in supervisor.standings() if standing.pid]
    supervisor.stop()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not list((tmp_path / "processes").glob("*.json"))


def test_a_foundation_that_dies_at_its_start_is_said_with_its_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.keep(command(tmp_path, "raise SystemExit('port taken')"), foundation=True)
    with pytest.raises(NotAvailable, match=r"one ended with 1: .*port taken"):
        supervisor.await_ready("one", lambda: False, seconds=10)


def test_replicas_have_names_and_instances_of_their_own() -> None:
    found = {name: instance for name, instance, _ in replicas({"drift-windower": 2, "console": 0})}
    assert found["drift-windower"] == "0"
    assert found["drift-windower-1"] == "1"
    assert "console" not in found


def test_replicas_of_what_does_not_exist_are_refused() -> None:
    with pytest.raises(Misconfigured, match="name one of scorer"):
        list(replicas({"scorrer": 2}))


def test_the_logs_of_what_is_kept_are_cut_while_it_runs(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[Path] = []
    monkeypatch.setattr("evermodel.embedded.supervisor._LOOKS_PER_ROTATION", 1)
    monkeypatch.setattr("evermodel.embedded.supervisor.rotate", cut.append)
    kept = command(tmp_path, FOREVER)
    supervisor.keep(kept)
    eventually(lambda: kept.log in cut)


@pytest.mark.parametrize("failure", [OSError("no space"), psutil.AccessDenied(1), KeyError("own")])
def test_a_supervisor_that_keeps_nothing_any_more_says_why(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    supervisor.keep(command(tmp_path, FOREVER, name="good"))
    eventually(lambda: supervisor.standings()[0].pid)

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("evermodel.embedded.slot.Child", fail)
    supervisor.keep(command(tmp_path, FOREVER, name="bad"))
    with pytest.raises(type(failure)):
        eventually(lambda: not supervisor.standings())
    with pytest.raises(type(failure)):
        supervisor.await_ready("good", lambda: True, seconds=10)
