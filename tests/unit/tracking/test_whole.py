"""What of a run's files did not arrive, or not whole, is not taken for all of it."""

from pathlib import Path

import pytest

from evermodel.tracking.artefacts import _require_whole
from evermodel.tracking.client import NoAnswer


@pytest.mark.parametrize("content", [None, b"", b"half", b"a bit too much"])
def test_a_file_that_is_not_as_long_as_it_was_is_waited_for(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "model.pb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NoAnswer, match=r"model\.pb did not arrive whole"):
        _require_whole({"model.pb": 8}, {"model.pb": file}, "did not arrive")


def test_a_file_whose_length_nobody_says_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "model.pb"
    with pytest.raises(NoAnswer):
        _require_whole({"model.pb": None}, {"model.pb": file}, "did not arrive")
    file.write_bytes(b"whole")
    _require_whole({"model.pb": None}, {"model.pb": file}, "did not arrive")
