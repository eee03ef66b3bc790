"""The quick form of `recovery` stays under a minute: it starts no stack."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import recovery
from benchmarks.figures import Figure, Figures


@contextmanager
def no_bed(*_: object) -> Iterator[None]:
    yield None


@pytest.mark.parametrize("quick", [True, False])
def test_the_services_of_the_real_stack_are_killed_in_the_full_form_only(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*, rounds: int) -> Figures:
        return {"recovery_scorer_p50": Figure(float(rounds), "s")}

    monkeypatch.setattr(recovery, "bed", no_bed)
    monkeypatch.setattr(recovery, "_recoveries", lambda *_, kills: [1.0] * kills)
    monkeypatch.setattr(recovery, "recoveries", killed)
    found = recovery.measure(quick=quick)
    assert "recovery_p50_dynamic" in found
    assert ("recovery_scorer_p50" in found) is not quick
