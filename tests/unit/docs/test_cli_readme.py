"""cli/README.md names every command of the command line."""

import re
from pathlib import Path

import typer.main

from evermodel.cli.main import app

PAGE = (Path(__file__).parents[3] / "cli" / "README.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_table() -> None:
    top = getattr(typer.main.get_command(app), "commands")  # noqa: B009  # click's group, untyped
    words = [word for name, one in top.items() for word in (name, *getattr(one, "commands", ()))]
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert [word for word in words if not re.search(rf"[`| ]{word}\b", table)] == []
