"""CONTRIBUTING.md has a place for every line: each package, and each part of a service."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| (?!a line about|-).* \| (.+) \|$", PAGE, re.MULTILINE)
PACKAGES = [
    *(
        str(path.relative_to(ROOT))
        for kind in ("libs", "deploy")
        for path in ROOT.glob(f"{kind}/*/")
    ),
    "cli",
]
PARTS = {path.stem for path in ROOT.glob("services/*/src/evermodel/*/*") if path.suffix != ".typed"}
#: What a package has whether or not a line of ours belongs there, and one service's own.
ASIDE = {"__init__", "__main__", "__pycache__", "child"}


def placed(name: str) -> bool:
    """Whether a row of the table sends a line to `name`, or into it."""
    return any(re.search(rf"`{re.escape(name)}[/`]", where) for where in TABLE)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_every_package_has_a_row(package: str) -> None:
    assert placed(package)


@pytest.mark.parametrize("part", sorted(PARTS - ASIDE))
def test_every_part_of_a_service_has_a_row(part: str) -> None:
    assert any(re.search(rf"\b{part}\b", where) for where in TABLE)


def test_what_has_no_row_is_found() -> None:
    assert not placed("libs/nothing")
    assert not placed("libs/play")
