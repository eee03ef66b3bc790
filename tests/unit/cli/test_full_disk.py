"""A disk without room is said with the file, and leaves nothing half behind."""

import errno
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.main import run
from evermodel.cli.reasons import code_of, sentence
from evermodel.playback.journal import Journal, write_events
from evermodel.playback.outputs import _write_table
from evermodel.playback.summary import Summary


def test_a_full_disk_leaves_no_empty_model_file_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "t.csv", tmp_path / "m.toml"
    times = [f"2026-01-{day:02}T00:00:00" for day in range(1, 29)]
    pl.DataFrame(
        {"time": times, "amount": [day + 0.5 for day in range(28)], "label": [0, 1] * 14}
    ).write_csv(data)

    def full(path: Path, _text: str, **_: object) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert run(["init", "--data", str(data), "--out", str(out)]) == 3
    assert f"{out}: cannot be used: No space left on device" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert run(["init", "--data", str(data), "--out", str(out)]) == 0
    assert "amount" in out.read_text()


def test_what_a_replay_cannot_write_is_named(tmp_path: Path) -> None:
    full = tmp_path / "summary.json"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        Summary({"a": 1}).write(full)
    assert sentence(raised.value) == f"{full}: cannot be used: No space left on device"


def test_events_that_a_replay_cannot_write_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        write_events(Journal(()), tmp_path / "gone" / "events.jsonl")
    assert sentence(raised.value).startswith(f"{tmp_path}/gone/events.jsonl: cannot be used")


def test_a_table_that_a_replay_cannot_write_is_named(tmp_path: Path) -> None:
    full = tmp_path / "scored.parquet"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        _write_table(pl.DataFrame({"a": range(1000)}), full)
    assert sentence(raised.value) == f"{full}: cannot be used: No space left on device"
    assert code_of(raised.value) == 3
