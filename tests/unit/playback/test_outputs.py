"""Where a run is told to write is tried before the run, not after it."""

from pathlib import Path

import pytest

from evermodel.playback.outputs import require_writable


def test_a_folder_is_made_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    require_writable(tmp_path / "runs" / "mine")
    require_writable(tmp_path / "runs" / "mine")
    assert list((tmp_path / "runs").iterdir()) == [tmp_path / "runs" / "mine"]
    assert list((tmp_path / "runs" / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_what_is_no_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file") as refused:
        require_writable(tmp_path / name)
    assert refused.value.filename == str(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_takes_no_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*, dir: Path) -> None:  # noqa: A002  # as tempfile calls it
        raise PermissionError(13, "Permission denied", str(dir / "tmp1234"))

    monkeypatch.setattr("evermodel.playback.outputs.tempfile.TemporaryFile", refuse)
    with pytest.raises(PermissionError) as refused:
        require_writable(tmp_path)
    assert refused.value.filename == str(tmp_path)
