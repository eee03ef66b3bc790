"""`make clean` removes what the next command makes again, and no state of a stack."""

import re
from pathlib import Path

from evermodel.cli.state import DEFAULT

MAKEFILE = (Path(__file__).parents[3] / "Makefile").read_text(encoding="utf-8")


def test_cleaning_leaves_the_state_of_a_stack() -> None:
    (recipe,) = re.findall(r"^clean:.*\n((?:\t.*\n?)+)", MAKEFILE, re.MULTILINE)
    removed = recipe.split()
    assert ".venv" in removed
    assert str(DEFAULT) not in removed, "its Kafka log, lake, models and config repository"
