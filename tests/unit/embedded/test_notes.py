"""A supervisor writes down how everything stands that should run, for as long as it runs."""

import json
from pathlib import Path

import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded import stack
from evermodel.embedded.notes import Note, Notes, read_notes
from evermodel.embedded.process import recorded
from evermodel.embedded.supervisor import Supervisor
from tests.unit.embedded.kept import FOREVER, command, eventually

NOTE = Note(name="one", state="restarting", pid=None, restarts=2, last_exit_code=3)


def test_who_is_down_is_written_down_beside_who_runs(tmp_path: Path) -> None:
    supervisor = Supervisor(records=tmp_path, clock=SystemClock())
    supervisor.keep(command(tmp_path, FOREVER, name="good"))
    supervisor.keep(command(tmp_path, "raise SystemExit(3)", name="bad"))

    def noted() -> dict[str, Note]:
        return {note.name: note for note in read_notes(tmp_path)}

    eventually(lambda: noted() and noted()["bad"].restarts >= 3)
    eventually(lambda: noted()["bad"].state == "restarting")
    (good,) = recorded(tmp_path)
    assert noted()["good"] == Note(
        name="good",
        state="running",
        pid=good.pid,
        restarts=0,
        last_exit_code=None,
        log=f"{tmp_path}/good.log",
    )
    assert supervisor.log("bad") == tmp_path / "bad.log"
    assert noted()["bad"].last_exit_code == 3
    supervisor.stop()
    assert read_notes(tmp_path) == []
    assert not (tmp_path / "standings").exists()


def test_only_news_is_written(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "new")
    notes.write([NOTE])
    assert read_notes(tmp_path / "new") == [NOTE]
    (tmp_path / "new" / "standings").unlink()
    notes.write([NOTE])
    assert read_notes(tmp_path / "new") == []


def test_what_could_not_be_written_is_written_at_the_next_look(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    notes = Notes(tmp_path / "file")
    notes.write([NOTE])
    notes.remove()
    (tmp_path / "file").unlink()
    notes.write([NOTE])
    assert read_notes(tmp_path / "file") == [NOTE]


def test_what_a_killed_supervisor_noted_is_gone_before_its_processes_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Swept(Exception):
        pass

    def sweep(records: Path) -> None:
        assert read_notes(records) == []
        raise Swept

    Notes(tmp_path / "processes").write([NOTE])
    monkeypatch.setattr(stack, "sweep", sweep)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(Swept), stack.stack(tmp_path, models="m"):
        raise AssertionError


@pytest.mark.parametrize("content", ["", "{", "[1]", "{}", json.dumps([{"name": "x"}])])
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "standings").write_text(content)
    assert read_notes(tmp_path) == []
