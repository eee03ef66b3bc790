"""The guarantees that tests prove, written down as they are proved.

A test that proves a cell of ``docs/guarantees.md`` says so::

    @pytest.mark.guarantee(
        "outside",                                     # the chapter
        fault="MLflow answers 500",                    # what is done to evermodel
        promise="one run, once it answers again",      # what holds all the same
        seen="trainer logs 'the run store is away'",   # what an operator sees, log line and metric
    )

Words in braces are filled from the test's parameters by name. What the test measures it adds with
pytest's ``record_property("flows_again_seconds", 1.9)``. With ``--certificate FOLDER`` each cell's
outcome is written there; ``python -m docs.build.certificate`` gathers them. What was collected and
claims a cell, run or not, is kept in ``CLAIMED``, so that one that was never proved can be told.

Owns the form of a cell. Must never turn a red cell green: a cell is green when its test passed, and
only then.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

CHAPTERS = ("crash", "schedules", "outside", "input", "security", "mutants")
_OPTION = "--certificate"
CLAIMED: pytest.StashKey[list[str]] = pytest.StashKey()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One promise under one fault, and whether its test passed. `measured`: numbers by name."""

    chapter: str
    fault: str
    promise: str
    seen: str
    test: str
    passed: bool
    measured: dict[str, object]


def cell_of(item: pytest.Item, *, passed: bool) -> Cell | None:
    """Return the cell that `item` proves, None if it claims none.

    Raises:
        UsageError: the marker names no chapter, or leaves out what it must say.
    """
    mark = item.get_closest_marker("guarantee")
    if mark is None:
        return None
    words = {"seen": "", **mark.kwargs}
    if mark.args not in {(name,) for name in CHAPTERS} or {*words} != {"fault", "promise", "seen"}:
        raise pytest.UsageError(
            f"{item.nodeid}: guarantee(chapter, fault=, promise=, seen=), chapter of {CHAPTERS}"
        )
    given = item.callspec.params if isinstance(item, pytest.Function) and _has_params(item) else {}
    filled = {name: str(text).format_map(given) for name, text in words.items()}
    return Cell(
        chapter=mark.args[0],
        test=item.nodeid,
        passed=passed,
        measured=dict(item.user_properties),
        **filled,
    )


def _has_params(item: pytest.Function) -> bool:
    return hasattr(item, "callspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_OPTION, default=None, help="the folder to write proved guarantees to")


@pytest.hookimpl(tryfirst=True)  # before any are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note who claims a cell, and refuse a marker that says too little, written down or not."""
    config.stash[CLAIMED] = [item.nodeid for item in items if cell_of(item, passed=False)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # what pluggy sends back
    folder = item.config.getoption(_OPTION)
    # One that was skipped (it takes root) has shown nothing, and nothing that is red.
    if folder is not None and not report.skipped and (call.when == "call" or report.failed):
        # A test may stand in a folder of its own by now.
        write(item, item.config.invocation_params.dir / folder, passed=report.passed)
    return report  # type: ignore[return-value]


def write(item: pytest.Item, folder: Path, *, passed: bool) -> None:
    """Write the cell of `item` into `folder`; one that fails at its end stays red."""
    cell = cell_of(item, passed=passed)
    if cell is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(item.nodeid.encode()).hexdigest()[:24]
        (folder / f"{name}.json").write_text(json.dumps(asdict(cell), indent=1), encoding="utf-8")
