"""What tests share lies in modules named for it: nobody imports from a module of tests.

A test that moves, or is split in two, would break others which never ran it; and what they share
would lie where nobody who needs it looks.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tests", "benchmarks", "docs")
LINES = (
    "from tests.unit.drift.test_rule import REFERENCE",
    "from tests.unit.drift import test_rule as rule",
    "import tests.unit.drift.test_rule",
    "def late():\n    from tests.unit.drift.test_rule import REFERENCE",
)


def modules(root: Path) -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))


def imported(source: Path) -> Iterator[str]:
    """Yield the dotted name of everything that `source` imports, however deep in it."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def borrowed(root: Path) -> list[str]:
    """Return a line for each import from a module of tests."""
    return [
        f"{source.relative_to(root)} imports {name}"
        for source in modules(root)
        for name in imported(source)
        if any(part.startswith("test_") for part in name.split("."))
    ]


def test_nothing_is_imported_from_a_module_of_tests() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules(ROOT)} == set(FOLDERS)
    assert borrowed(ROOT) == []


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("line", LINES)
def test_a_planted_import_is_caught(tmp_path: Path, folder: str, line: str) -> None:
    planted = tmp_path / folder / "deep" / "planted.py"
    planted.parent.mkdir(parents=True)
    planted.write_text(f"import json\nfrom tests.unit.drift.windows import window\n\n{line}\n")
    (found,) = borrowed(tmp_path)
    assert found.startswith(f"{folder}/deep/planted.py imports tests.unit.drift.test_rule")
