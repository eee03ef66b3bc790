"""A demo plays only where nothing of anybody's is lost, and asks before it writes."""

import socket
from pathlib import Path

import polars as pl
import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.runtime.clock import SystemClock
from evermodel.demo import story
from evermodel.demo.story import DemoOptions, tell
from evermodel.embedded.errors import NotOurs, Occupied
from evermodel.embedded.lock import held
from evermodel.playback.source import BadData
from tests.unit.demo.folders import LEFT, filled, names_in

MODEL = Path(__file__).parents[3] / "examples/demo/model.toml"
MADE = (*LEFT, "data.parquet", "played.toml", "stack/thesis.txt")


def played(out: Path, *, data: Path | None = None) -> None:
    tell(DemoOptions(model=MODEL, out=out, data=data), clock=SystemClock(), say=lambda _: None)


@pytest.mark.parametrize("name", MADE)
def test_a_file_that_no_demo_made_is_neither_removed_nor_written_over(
    name: str, tmp_path: Path
) -> None:
    filled(tmp_path, name, "notes.txt")
    with pytest.raises(NotOurs, match=name.partition("/")[0]) as refused:
        played(tmp_path)
    assert "name another folder by --out" in str(refused.value)
    assert names_in(tmp_path) == {name, "notes.txt"}
    assert (tmp_path / name).read_text() == name


def test_a_table_of_ones_own_may_lie_where_it_is_played(tmp_path: Path) -> None:
    filled(tmp_path, "data.parquet", "model.toml")
    with pytest.raises(BadData, match=r"data\.parquet is no Parquet file"):
        played(tmp_path, data=tmp_path / "data.parquet")
    assert names_in(tmp_path) == {"data.parquet", "model.toml"}


def test_a_demo_that_cannot_begin_leaves_the_earlier_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = {*LEFT, "data.parquet", "played.toml", "stack/lock"}
    filled(tmp_path, *earlier)
    monkeypatch.setattr(story, "generate", lambda _: pl.DataFrame())
    with pytest.raises(BadData):
        played(tmp_path)
    assert names_in(tmp_path) == earlier
    assert (tmp_path / "data.parquet").read_text() == "data.parquet"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "SOLS"),
        ("EVERMODEL_HEALTH_PORT", "99999"),
        ("EVERMODEL_ATTEMPTS", "0"),
        ("EVERMODEL_SECURITY", "yes"),
    ],
)
def test_a_wrong_variable_leaves_the_earlier_one_whole(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = {*LEFT, "stack/lock"}
    filled(tmp_path, *earlier)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(story, "_table", lambda *_: (None, None))
    monkeypatch.setattr(story, "Feed", lambda _: Enough())
    with pytest.raises(Misconfigured, match=variable):
        played(tmp_path)
    assert names_in(tmp_path) == earlier


def test_a_port_that_is_taken_leaves_the_earlier_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = {*LEFT, "stack/lock"}
    filled(tmp_path, *earlier)
    monkeypatch.setattr(story, "_table", lambda *_: (None, None))
    monkeypatch.setattr(story, "Feed", lambda _: Enough())
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(other.getsockname()[1]))
        with pytest.raises(Occupied, match="EVERMODEL_CONSOLE_PORT"):
            played(tmp_path)
    assert names_in(tmp_path) == earlier


def test_where_a_demo_plays_no_other_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, *LEFT)
    monkeypatch.setattr(story, "_table", lambda *_: (None, None))
    monkeypatch.setattr(story, "Feed", lambda _: Enough())
    with held(tmp_path / "stack"), pytest.raises(Occupied):
        played(tmp_path)
    assert names_in(tmp_path) == {*LEFT, "stack/lock"}


class Enough:
    def require_history(self, **_: object) -> None:
        """As much as is needed."""
