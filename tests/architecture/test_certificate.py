"""The page of guarantees and the tests that claim to prove them speak of the same."""

from pathlib import Path

import pytest

from docs.build.certificate import certificate, claims, proving
from tests.certificate import CLAIMED

_MEND = "python -m docs.build.certificate --claims, or make test-faults"


def test_a_claim_without_a_cell_is_told(request: pytest.FixtureRequest) -> None:
    """Of what this run has collected; some of it, where not all tests are run."""
    found, claimed = certificate(), {*request.config.stash[CLAIMED]}
    assert claimed - proving(found["cells"]) - {*found["unproved"]} == set(), _MEND


def test_a_cell_has_its_test(request: pytest.FixtureRequest) -> None:
    found, claimed = certificate(), {*request.config.stash[CLAIMED]}
    told = proving(found["cells"]) | {*found["unproved"]}
    collected = {_file(test) for test in claimed} if _is_whole(request.config) else set()
    assert {test for test in told if _file(test) in collected} - claimed == set(), _MEND
    assert {t for t in told if not (request.config.rootpath / _file(t)).exists()} == set(), _MEND


def _file(test: str) -> str:
    return test.partition("::")[0]


def _is_whole(config: pytest.Config) -> bool:
    """Whether whole files were collected, not some tests of them by name."""
    return not any("::" in argument for argument in config.args)


def test_a_claim_is_found(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "faults" / "test_it.py"
    file.parent.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = guarantee\n")
    file.write_text(
        "import pytest\n\n@pytest.mark.guarantee('outside', fault='x', promise='y')\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_loud(n): pass\n\n"
        "def test_silent(): pass\n"
    )
    assert claims(tmp_path) == {f"tests/faults/test_it.py::test_loud[{n}]" for n in (1, 2)}
