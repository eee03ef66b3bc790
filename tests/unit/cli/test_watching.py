"""The table of `up` tells which process is down, and what it said last."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from evermodel.cli.watching import sentence, table
from evermodel.embedded.slot import Standing

UP = Standing(
    name="scorer",
    state="running",
    pid=7,
    restarts=0,
    status=None,
    memory_bytes=100 * 2**20,
    up=timedelta(seconds=5),
)
DOWN = Standing(
    name="trainer",
    state="restarting",
    pid=None,
    restarts=3,
    status=1,
    memory_bytes=0,
    up=timedelta(0),
)


def test_a_dead_process_is_quoted_with_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "trainer.log"
    log.write_text("one\nEVERMODEL_LAKE [is] missing\n")
    assert sentence(DOWN, log=log).endswith(
        "status 1; it is started again: EVERMODEL_LAKE [is] missing"
    )
    assert sentence(DOWN, log=tmp_path / "none").endswith("it is started again")
    assert sentence(UP, log=log) == "scorer runs, process 7"


def test_the_table_adds_the_memory_up(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=120).print(table([UP, DOWN]))
    shown = capsys.readouterr().out
    assert "ended 1" in shown
    assert shown.count("100 MB") == 2


def test_the_memory_of_spares_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=120).print(table([replace(UP, spare_bytes=300 * 2**20), DOWN]))
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert lines["process"][4:6] == ["memory", "spare"]
    assert lines["scorer"][-4:] == ["100", "MB", "300", "MB"]
    assert lines["together"][1:] == ["100", "MB", "300", "MB"]
