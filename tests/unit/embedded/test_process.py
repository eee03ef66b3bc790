"""No process outlives its starter, and none is ended that is not ours."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from threading import Event

import psutil
import pytest

from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Child, Command, Part, recorded, sweep
from evermodel.embedded.readiness import alone, await_ready
from evermodel.embedded.settings import inherited_environment
from tests.unit.embedded.kept import FOREVER

DEAF = "import signal, threading; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n"


def command(folder: Path, code: str) -> Command:
    return Command(
        name="one",
        arguments=[sys.executable, "-c", code],
        environment=inherited_environment(),
        log=folder / "one.log",
    )


def starter(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that starts one of ours, prints its id and waits."""
    code = f"""
    import os, sys, threading
    from pathlib import Path
    from evermodel.embedded.process import Child, Command
    folder = Path({str(folder)!r})
    child = Child(
        Command(name="one", arguments=[sys.executable, "-c", {FOREVER!r}],
                environment=dict(os.environ), log=folder / "one.log"),
        records=folder,
    )
    print(child.pid, flush=True)
    threading.Event().wait()
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )


def test_a_child_dies_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    with starter(tmp_path) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=5)
    assert not alive
    assert gone


def test_stop_ends_a_deaf_child_and_removes_its_record(tmp_path: Path) -> None:
    child = Child(command(tmp_path, DEAF + FOREVER), records=tmp_path)
    await_ready(
        child,
        lambda: b"deaf" in (tmp_path / "one.log").read_bytes(),
        seconds=10,
        log=tmp_path / "one.log",
    )
    assert child.stop(seconds=0.1) == -9
    assert not list(tmp_path.glob("*.json"))


def test_the_next_start_ends_what_an_earlier_one_left(tmp_path: Path) -> None:
    child = Child(command(tmp_path, FOREVER), records=tmp_path)
    assert [record.name for record in recorded(tmp_path)] == ["one"]
    assert [record.pid for record in sweep(tmp_path)] == [child.pid]
    assert child.wait(seconds=5) is not None
    assert recorded(tmp_path) == []


def test_a_process_id_used_again_is_left_alone(tmp_path: Path) -> None:
    record = {"name": "old", "pid": os.getpid(), "started": 1.0, "command": "x"}
    (tmp_path / "old.json").write_text(json.dumps(record))
    assert sweep(tmp_path) == []
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("content", ["", "[]", '{"name": "x"}', '{"pid": "no"}'])
def test_a_broken_record_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert sweep(tmp_path) == []


def test_a_child_that_dies_before_it_is_ready_is_said_with_its_last_words(tmp_path: Path) -> None:
    child = Child(command(tmp_path, "raise SystemExit('no disk')"), records=tmp_path)
    with pytest.raises(NotAvailable, match="one ended with status 1: no disk"):
        await_ready(child, lambda: False, seconds=10, log=tmp_path / "one.log")


def test_a_look_that_itself_takes_long_does_not_stretch_the_bound(tmp_path: Path) -> None:
    child, looks = Child(command(tmp_path, FOREVER), records=tmp_path), []

    def slow() -> bool:
        looks.append(1)
        return bool(Event().wait(0.2))

    with pytest.raises(NotAvailable, match=r"not ready within 0\.5 s"):
        await_ready(child, slow, seconds=0.5, log=tmp_path / "one.log")
    assert len(looks) <= 3


def part(folder: Path, code: str) -> Part:
    made = command(folder, code)
    return Part(
        command=made,
        address="here",
        is_ready=lambda: made.log.exists() and b"ready" in made.log.read_bytes(),
        ready_seconds=10,
    )


def test_a_part_alone_ends_what_was_left_and_is_ended_itself(tmp_path: Path) -> None:
    left = Child(command(tmp_path, FOREVER), records=tmp_path / "processes")
    speaks = f"print('ready', flush=True); {FOREVER}"
    with alone(lambda folder: part(folder, speaks), tmp_path) as address:
        assert address == "here"
        assert left.wait(seconds=5) is not None
        (running,) = recorded(tmp_path / "processes")
    assert not psutil.pid_exists(running.pid)
    assert recorded(tmp_path / "processes") == []


def test_a_part_that_does_not_start_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(NotAvailable, match="no disk"),
        alone(lambda folder: part(folder, "raise SystemExit('no disk')"), tmp_path),
    ):
        raise AssertionError("it never answered")
    assert list((tmp_path / "processes").glob("*.json")) == []


@pytest.mark.guarantee(
    "outside",
    fault="the machine's clock is set by an hour while a stack runs",
    promise="status names its processes still, and what a killed 'up' left there is ended",
    seen="nothing",
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing else tells processes apart")
def test_a_clock_that_is_set_hides_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child(command(tmp_path, FOREVER), records=tmp_path)
    later = psutil.boot_time() + 3600
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: later)  # as Linux tells it then
    assert [record.pid for record in recorded(tmp_path)] == [child.pid]
    assert [record.pid for record in sweep(tmp_path)] == [child.pid]
    assert child.wait(seconds=5) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing else tells processes apart")
def test_a_process_of_another_start_of_the_machine_is_not_ours(tmp_path: Path) -> None:
    child = Child(command(tmp_path, FOREVER), records=tmp_path)
    try:
        file = tmp_path / "one.json"
        record = json.loads(file.read_text())
        boot, ticks = record["since_boot"].split()
        file.write_text(json.dumps(record | {"since_boot": f"another-{boot} {ticks}"}))
        assert not recorded(tmp_path)
        assert not sweep(tmp_path)
        assert child.wait(seconds=0) is None
    finally:
        child.stop(seconds=0)


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    child = Child(command(tmp_path, FOREVER), records=tmp_path)
    file = tmp_path / "one.json"
    record = json.loads(file.read_text())
    del record["since_boot"]
    file.write_text(json.dumps(record))
    assert [left.pid for left in sweep(tmp_path)] == [child.pid]
    child.stop(seconds=0)
