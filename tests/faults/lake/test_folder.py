"""The lake's folder in trouble: full, in the way, gone, or with files in it that are not ours."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.lake.files import every_file
from tests.contract.lake.lake import Lake
from tests.faults.disk import Disk
from tests.unit.drift.lake_files import NOT_NOW, labels

PATH = "m/labels/day=2026-06-01/p0-000000000000.parquet"


@contextmanager
def in_the_way(disk: Disk) -> Iterator[None]:
    """Put a file where the folder must be; whoever we are, nothing can be written below."""
    root = disk.root
    shutil.move(root / "m", root / "aside")
    (root / "m").touch()
    yield
    (root / "m").unlink()
    shutil.move(root / "aside", root / "m")


@contextmanager
def refused(disk: Disk) -> Iterator[None]:
    """Say no to whoever writes: permissions bind nobody who runs as root."""
    with pytest.MonkeyPatch.context() as patch:

        def no(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(disk.root))

        patch.setattr(pq, "write_table", no)
        yield


FAULTS: dict[str, Callable[[Disk], AbstractContextManager[None]]] = {
    "has no room": Disk.full,
    "has a file in the way": in_the_way,
    "refuses what is written": refused,
}


@pytest.mark.guarantee(
    "outside",
    fault="the lake {fault}",
    promise="nothing of what was there is lost, no half file is read, and it is written once "
    "there is room",
    seen=NOT_NOW,
)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_written_now_is_asked_for_again_and_harms_nothing(
    fault: str, disk: Disk
) -> None:
    root = disk.root
    lake = ParquetLake(root)
    lake.write(PATH, [lake.pack_labels(labels("a"))])
    before = (root / PATH).read_bytes()
    new = PATH.replace("p0", "p1")

    with FAULTS[fault](disk):
        for path in (PATH, new):
            with pytest.raises(Transient, match="the lake does not take"):
                lake.write(path, [lake.pack_labels(labels("a", "b"))])

    assert (root / PATH).read_bytes() == before
    assert every_file(root) == [root / PATH], "half a file is nobody's"
    lake.write(new, [lake.pack_labels(labels("a", "b"))])
    assert pq.ParquetFile(root / new).metadata.num_rows == 2


@pytest.mark.guarantee(
    "outside",
    fault="somebody removes a model's folder from the lake",
    promise="the windower goes on and makes it again; what was in it is gone and not made up",
    seen="nothing until a training or a cohort finds fewer rows: trainer logs "
    "'no rows in the lake from … to …'",
)
def test_a_folder_that_was_removed_is_made_again_and_holds_what_comes(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    lake.write(PATH, [lake.pack_labels(labels("a"))])
    shutil.rmtree(tmp_path / "m")
    lake.write(PATH, [lake.pack_labels(labels("b"))], keep=True)
    assert pq.ParquetFile(tmp_path / PATH).read()["id"].to_pylist() == ["b"]


def _text(folder: Path) -> None:
    (folder / "README.txt").write_text("please do not touch")


def _draft(folder: Path) -> None:
    (folder / ".p7-000000000000.parquet.draft").write_bytes(b"PAR1 and no more")


def _other_table(folder: Path) -> None:
    pq.write_table(pa.table({"price": [1.0, 2.0]}), folder / "prices.parquet")


FOREIGN: dict[str, Callable[[Path], None]] = {
    "a text": _text,
    "what a crash left of one": _draft,
    "a table of somebody else's": _other_table,
}


@pytest.mark.guarantee(
    "outside",
    fault="a foreign file lies in the lake: {foreign}",
    promise="it is no row of a model",
    seen="nothing",
)
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_file_is_no_row(foreign: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.row("a")
    (file,) = every_file(tmp_path)
    FOREIGN[foreign](file.parent)
    assert lake.read()[0] == ["a"]
