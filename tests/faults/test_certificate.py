"""Cells are written as their tests went, and never greener."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]

TEST = """
import pytest

@pytest.mark.guarantee("outside", fault="{kind} is away", promise="it waits")
@pytest.mark.parametrize("kind", ["Git"])
def test_passes(kind, record_property):
    record_property("flows_again_seconds", 1.5)

@pytest.mark.guarantee("outside", fault="it breaks", promise="red")
def test_fails():
    assert False

@pytest.fixture
def ends_badly():
    yield
    raise OSError("left behind")

@pytest.mark.guarantee("outside", fault="its end fails", promise="red")
def test_ends_badly(ends_badly):
    pass

@pytest.mark.guarantee("outside", fault="nothing starts", promise="red")
def test_begins_badly(no_such_fixture):
    pass

@pytest.mark.guarantee("outside", fault="the test goes elsewhere", promise="it is written")
def test_goes_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

@pytest.mark.guarantee("outside", fault="not for this user", promise="unproved")
@pytest.mark.skipif(True, reason="it takes root")
def test_is_skipped():
    assert False

def test_claims_nothing():
    pass
"""


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nmarkers = guarantee: a cell")

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "tests.certificate", *options)

    return run


@pytest.fixture
def cells(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> Mapping[str, Mapping[str, Any]]:
    run(TEST, "--certificate", "cells")
    found = [json.loads(path.read_text()) for path in (pytester.path / "cells").glob("*.json")]
    return {cell["fault"]: cell for cell in found}


def test_a_cell_is_green_only_if_its_test_passed_to_its_end(
    cells: Mapping[str, Mapping[str, Any]],
) -> None:
    assert {fault: cell["passed"] for fault, cell in cells.items()} == {
        "Git is away": True,
        "the test goes elsewhere": True,
        "it breaks": False,
        "its end fails": False,
        "nothing starts": False,
    }


def test_a_cell_says_what_was_measured(cells: Mapping[str, Mapping[str, Any]]) -> None:
    assert cells["Git is away"]["measured"] == {"flows_again_seconds": 1.5}


@pytest.mark.parametrize(
    "claim",
    ["'outside', fault='x'", "'elsewhere', fault='x', promise='y'", "fault='x', promise='y'"],
)
def test_a_claim_that_says_too_little_is_refused(
    run: Callable[..., pytest.RunResult], claim: str
) -> None:
    text = f"import pytest\n@pytest.mark.guarantee({claim})\ndef test_it(): pass\n"
    assert run(text).ret == pytest.ExitCode.USAGE_ERROR
    assert run(text.replace(claim, "'outside', fault='x', promise='y'")).ret == pytest.ExitCode.OK
