"""TensorFlow's preamble stays off standard error; nothing else does."""

import subprocess
import sys

import pytest

PREAMBLE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1.2 3 port.cc:153] oneDNN custom operations are on. You may see slightly\n"
)
_SCRIPT = """
import os, sys
from evermodel.artefact.preamble import without_preamble
try:
    with without_preamble():
        os.write(2, {said!r}.encode())
        {then}
except ImportError:
    pass
print("after", file=sys.stderr)
"""


def _stderr(said: str, *, then: str = "pass") -> str:
    script = _SCRIPT.format(said=said, then=then)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stderr


def test_the_preamble_is_left_out() -> None:
    assert _stderr(PREAMBLE) == "after\n"


def test_everything_else_is_passed_on_in_order() -> None:
    said = "E0000 a real error\n" + PREAMBLE + "half a line"
    assert _stderr(said) == "E0000 a real error\nhalf a lineafter\n"


def test_what_was_said_by_an_import_that_fails_is_passed_on() -> None:
    assert _stderr("cannot load\n", then="raise ImportError") == "cannot load\nafter\n"


@pytest.mark.parametrize("closed", [True, False])
def test_a_process_without_standard_error_runs_as_well(closed: bool) -> None:
    first = "import os, sys; os.close(2)" if closed else "pass"
    script = f"""
{first}
from evermodel.artefact.preamble import without_preamble
with without_preamble():
    print("in")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "in\n"
