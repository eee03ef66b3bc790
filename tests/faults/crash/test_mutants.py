"""The matrix finds bugs: with all planted in one story, a kill for each breaks its own law."""

from collections.abc import Mapping

import pytest

from tests.faults.crash.bed import forget, told
from tests.faults.crash.conftest import tables
from tests.faults.crash.mutants import MUTANTS
from tests.faults.crash.stack_observed import observed
from tests.faults.invariants import violations

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What the laws say of a story told by services that have every bug at once."""
    folder = tmp_path_factory.mktemp("mutants")
    kill = {"action": "kill -9", "phase": 0, "nth": 1}
    plan = {mutant.spot.name: kill for mutant in MUTANTS.values()}
    with (
        pytest.MonkeyPatch.context() as patch,
        told(folder, tables(), plan, monkeypatch=patch, mutants=tuple(MUTANTS)) as came,
    ):
        assert came.fired == plan.keys()
        found = violations(observed(came, tables()))
    forget(folder)
    return found


@pytest.mark.guarantee(
    "mutants",
    fault="on the real stack: {mutant}",
    promise="the matrix turns red by its own law",
)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_its_law_is_broken(mutant: str, broken: Mapping[str, list[str]]) -> None:
    assert MUTANTS[mutant].law in broken
