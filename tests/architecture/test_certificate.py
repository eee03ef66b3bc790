"""The page of guarantees and the tests that claim to prove them speak of the same."""

from pathlib import Path

from docs.build.certificate import certificate, claims, proving


def test_every_cell_has_its_test_and_a_claim_without_a_cell_is_told() -> None:
    found = certificate()
    proved = proving(found["cells"])
    assert proved - claims() == set(), "their tests are gone: make test-faults"
    assert sorted(claims() - proved) == found["unproved"], "tell these: make test-faults"


def test_a_claim_is_found(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "faults" / "test_it.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import pytest\n\n@pytest.mark.guarantee('outside', fault='x', promise='y')\n"
        "def test_loud(): pass\n\ndef test_silent(): pass\n"
    )
    assert claims(tmp_path) == {"tests/faults/test_it.py::test_loud"}
