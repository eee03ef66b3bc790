"""The page of guarantees shows what was proved, red where it was not."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docs.build import guarantees
from docs.build.certificate import FILE, Certificate, main, merged


def cell(
    chapter: str = "outside", *, test: str = "t", passed: bool = True, **measured: object
) -> Mapping[str, Any]:
    return {
        "chapter": chapter,
        "fault": f"a fault of {test}",
        "promise": "it holds",
        "seen": "a line | with a bar",
        "test": test,
        "passed": passed,
        "measured": measured,
    }


def page_of(monkeypatch: pytest.MonkeyPatch, *cells: Mapping[str, Any]) -> str:
    machine = {"cores": 2, "cpu": "a processor", "memory_gb": 24, "python": "3.11"}
    made = Certificate(machine=machine, unproved=["tests/a.py::test_a_law"], cells=cells)
    monkeypatch.setattr(guarantees, "certificate", lambda: made)
    return guarantees.page()


def test_the_matrix_has_a_row_a_crash_point_and_a_column_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: dict[str, Any] = {"role": "trainer", "point": "after MLflow run"}
    said |= {"story_seconds": 9, "story_restarts": 1}
    page = page_of(
        monkeypatch,
        cell("crash", test="a", action="kill -9", **said),
        cell("crash", test="b", action="hang", passed=False, **said),
    )
    assert "| service | crash point | kill -9 | hang |" in page
    assert "| trainer | after MLflow run | ✓ | ✗ |" in page
    assert "2 cells, 1 of them red" in page


def test_a_crash_point_whose_story_never_came_to_an_end_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = page_of(monkeypatch, cell("crash", test="tests/a.py::t", passed=False))
    assert "| a fault of tests/a.py::t | it holds |" in page
    assert "[✗ 1 of 1](../tests/a.py)" in page


def test_the_page_says_at_which_commits_its_cells_were_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [{**cell(test=f"{n}.py::t"), "commit": n} for n in ("abc", "def", "abc")]
    assert "at commits abc (2 cells), def (1 cells)" in page_of(monkeypatch, *both)
    assert "at commit abc, the last time" in page_of(monkeypatch, both[0])


def test_a_test_is_a_row_with_all_it_was_tried_with(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [cell(test=f"tests/a.py::t[{n}]", flows_again_seconds=n / 2) for n in range(1, 7)]
    (row,) = [line for line in page_of(monkeypatch, *tried).splitlines() if "a fault of" in line]
    told, holds, _, measured, proved = row.strip("| ").split(" | ")
    assert told.startswith("a fault of tests/a.py::t[1]; ")
    assert told.endswith("; and 2 more")
    assert (holds, measured) == ("it holds", "flows again (s) 0.5 to 3")
    assert proved == "[✓ 6](../tests/a.py)"


def test_what_a_command_proved_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(monkeypatch, cell(test="python -m tests.fuzz --seconds 3600", inputs=7))
    assert "| inputs 7 | ✓ 1: `python -m tests.fuzz --seconds 3600` |" in page


def test_what_nobody_has_proved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(monkeypatch, cell())
    assert "## Not proved yet" in page
    assert "- [test a law](../tests/a.py)" in page


def test_one_red_case_turns_its_row_red(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [cell(test=f"tests/a.py::t[{n}]", passed=n > 1) for n in range(1, 7)]
    page = page_of(monkeypatch, *tried)
    assert "[✗ 1 of 6](../tests/a.py)" in page
    assert r"a line \| with a bar" in page


def test_cells_of_a_chapter_replace_what_stood_there_and_added_ones_their_own_only() -> None:
    old = [cell(test="a.py::a"), cell(test="a.py::gone"), cell("crash", test="a.py::kept")]
    new = [cell(test="a.py::a", passed=False)]
    assert {(c["test"], c["passed"]) for c in merged(old, new, add=False)} == {
        ("a.py::a", False),
        ("a.py::kept", True),
    }
    added = {c["test"] for c in merged(old, new, add=True)}
    assert added == {"a.py::a", "a.py::gone", "a.py::kept"}


def test_what_a_command_of_its_own_proved_stays_until_it_is_run_again() -> None:
    old, new = [cell(test="tests/fuzz.py")], [cell(test="a.py::a")]
    assert {c["test"] for c in merged(old, new, add=False)} == {"tests/fuzz.py", "a.py::a"}
    assert merged(old, [cell(test="tests/fuzz.py", passed=False)], add=True)[0]["passed"] is False


def test_a_red_cell_or_none_at_all_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "cells").mkdir()
    made = partial(main, root=tmp_path, claimed=lambda _: {"b.py::claimed"}, at=lambda _: "abc")
    assert made([]) == 2
    assert made([str(tmp_path / "cells")]) == 1
    for passed, code in ((False, 1), (True, 0)):
        (tmp_path / "cells" / "one.json").write_text(json.dumps(cell(passed=passed)))
        assert made([str(tmp_path / "cells")]) == code
        kept = json.loads((tmp_path / FILE).read_text())
        assert [(c["passed"], c["commit"]) for c in kept["cells"]] == [(passed, "abc")]
        assert kept["unproved"] == ["b.py::claimed"]
