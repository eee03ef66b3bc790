"""A broker whose data folder cannot be made is told in one sentence."""

import sys
from pathlib import Path

import pytest

from evermodel.embedded import broker
from evermodel.embedded.errors import NotAvailable


@pytest.mark.parametrize(
    ("program", "says"),
    [("import threading; threading.Event().wait()", "within 0.3 s"), ("exit('full')", "full")],
)
def test_a_data_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, says: str
) -> None:
    monkeypatch.setattr(broker, "_FORMAT_SECONDS", 0.3)
    with pytest.raises(NotAvailable, match=says):
        broker._format([sys.executable, "-c", program], tmp_path / "server.properties")
