"""A file of the lake is on the disk before anybody finds it by its name."""

import errno
import os
from pathlib import Path

import pytest

from evermodel.lake.files import replacing


def noted(monkeypatch: pytest.MonkeyPatch, seen: list[str], *, folders_fail: int = 0) -> None:
    sync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        seen.append(f"sync {path.name}")
        if folders_fail and path.is_dir():
            raise OSError(folders_fail, os.strerror(folders_fail))
        sync(handle)

    def replaced(self: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)


@pytest.mark.parametrize("error", [0, errno.EINVAL, errno.ENOTSUP])
def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    seen: list[str] = []
    noted(monkeypatch, seen, folders_fail=error)
    with replacing(tmp_path / "day" / "a.parquet") as draft:
        draft.write_bytes(b"rows")
    assert seen == ["sync .a.parquet.draft", "rename", "sync day"]
    assert (tmp_path / "day" / "a.parquet").read_bytes() == b"rows"


def test_a_disk_that_fails_to_write_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted(monkeypatch, [], folders_fail=errno.EIO)
    with pytest.raises(OSError, match=r"Input/output"), replacing(tmp_path / "a.parquet") as draft:
        draft.write_bytes(b"rows")
