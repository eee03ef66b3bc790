"""A broker whose data folder cannot be made is told in one sentence."""

import sys
from pathlib import Path

import pytest

from evermodel.embedded import broker
from evermodel.embedded.errors import NotAvailable


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import threading; threading.Event().wait()", "within 0.3 s"),
        ("exit('full')", "full"),
        ("exit('full\\n\\tat java.io.File.write(File.java:1)\\n\\t... 11 more')", "made: full$"),
    ],
)
def test_a_data_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, says: str
) -> None:
    monkeypatch.setattr(broker, "_FORMAT_SECONDS", 0.3)
    with pytest.raises(NotAvailable, match=says):
        broker._format([sys.executable, "-c", program], tmp_path / "server.properties")


@pytest.mark.guarantee(
    "outside",
    fault="a full disk breaks off the first start of a stack while the broker's folder is made",
    promise="said with the folder's name; with room the next start makes it anew",
    seen="evermodel: 'No space left on device'",
)
def test_a_data_folder_that_a_full_disk_cut_short_is_made_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, wrote = tmp_path / "data" / "meta.properties", [b"", b"node.id=1"]

    def made(*_: object) -> None:
        mark.parent.mkdir(exist_ok=True)
        mark.write_bytes(wrote.pop(0))

    monkeypatch.setattr(broker, "_classpath", tuple)
    monkeypatch.setattr(broker, "_format", made)
    with pytest.raises(OSError, match="No space left on device"):
        broker.prepare(tmp_path)
    broker.prepare(tmp_path)
    broker.prepare(tmp_path)
    assert (mark.read_bytes(), wrote) == (b"node.id=1", [])


def test_a_data_folder_that_holds_records_is_never_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "labels-0").mkdir(parents=True)
    for name in ("meta.properties", "labels-0/00000000000000000000.log"):
        (tmp_path / "data" / name).touch()
    monkeypatch.setattr(broker, "_classpath", tuple)
    monkeypatch.setattr(broker, "_format", lambda *_: pytest.fail("made anew"))
    broker.prepare(tmp_path)
