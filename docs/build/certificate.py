"""``python -m docs.build.certificate FOLDER``: gather what tests proved into the committed file.

FOLDER is what ``pytest --certificate FOLDER`` wrote (``make test-faults`` does both). The cells of
a chapter replace those that stand in ``docs/certificate.json``; with ``--add`` the same tests only.
"""

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from benchmarks.figures import machine

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("docs/certificate.json")

Cell = Mapping[str, Any]


class Certificate(TypedDict):
    """The committed file. `unproved`: tests that claim a cell and have not been run for it."""

    machine: Mapping[str, Any]
    unproved: Sequence[str]
    cells: Sequence[Cell]


def certificate(root: Path = ROOT) -> Certificate:
    """Return what is committed."""
    found: Certificate = json.loads((root / FILE).read_text(encoding="utf-8"))
    return found


def gathered(folder: Path) -> list[Cell]:
    """Return the cells that a test run wrote into `folder`."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]


def merged(old: Iterable[Cell], new: Sequence[Cell], *, add: bool) -> list[Cell]:
    """Return `new`, and of `old` what it does not speak of."""
    tests, chapters = {cell["test"] for cell in new}, {cell["chapter"] for cell in new}
    # What a command of its own has proved (an hour of inputs made up) no test run proves anew.
    kept = [
        cell
        for cell in old
        if cell["test"] not in tests
        and (add or cell["chapter"] not in chapters or "::" not in cell["test"])
    ]
    return sorted([*kept, *new], key=lambda c: (c["chapter"], c["test"], c["fault"]))


def claims(root: Path = ROOT) -> set[str]:
    """Return the tests that bear the marker, as pytest names them but for parameters."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return {f"{file.relative_to(root).as_posix()}::{name}" for file in files for name in _in(file)}


def _in(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.guarantee"
            for mark in node.decorator_list
        ):
            yield node.name


def proving(cells: Iterable[Cell]) -> set[str]:
    """Return the tests that proved `cells`, without parameters; what a command proved is none."""
    return {cell["test"].partition("[")[0] for cell in cells if "::" in cell["test"]}


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """Run the command; exit 1 when a cell is red or nothing was proved."""
    new, add = gathered(Path(arguments[0])), "--add" in arguments
    old = certificate(root)["cells"] if (root / FILE).exists() else []
    cells = merged(old, new, add=add)
    unproved = sorted(claims(root) - proving(cells))
    made = Certificate(machine=machine(), unproved=unproved, cells=cells)
    written = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    (root / FILE).write_text(written, encoding="utf-8")
    red = [cell for cell in new if not cell["passed"]]
    for cell in red:
        sys.stderr.write(f"red: {cell['fault']}: {cell['promise']} ({cell['test']})\n")
    sys.stderr.write(f"{len(new) - len(red)} green, {len(red)} red\n")
    return 1 if red or not new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
