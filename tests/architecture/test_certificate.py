"""The page of guarantees and the tests that claim to prove them speak of the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.build.certificate import certificate

ROOT = Path(__file__).resolve().parents[2]


def claimed(file: Path) -> Iterator[str]:
    """Yield the tests of `file` that bear the marker, as pytest names them but for parameters."""
    text = file.read_text(encoding="utf-8")
    if "mark.guarantee" not in text:
        return
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.guarantee"
            for mark in node.decorator_list
        ):
            yield f"{file.relative_to(ROOT).as_posix()}::{node.name}"


def test_every_claim_has_its_cells_and_every_cell_its_test() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    claims = {
        test for file in files if file.name != "test_certificate.py" for test in claimed(file)
    }
    cells = {c["test"].partition("[")[0] for c in certificate()["cells"] if "::" in c["test"]}
    assert claims - cells == set(), "prove these: make test-faults"
    assert cells - claims == set(), "their tests are gone: make test-faults"


def test_a_claim_is_found(tmp_path: Path) -> None:
    file = ROOT / "tests" / "faults" / "kafka" / "test_rewinding.py"
    assert len(list(claimed(file))) == 2
    silent = tmp_path / "test_silent.py"
    silent.write_text("def test_it(): pass\n")
    assert list(claimed(silent)) == []
