"""What the tests of bad input share: the drift service over the in-memory broker."""

from collections.abc import Callable

import pytest

from evermodel.common.models.file import parse_model
from evermodel.scorer.wiring import assemble
from tests.faults.input.windowing import Windowing
from tests.unit.scorer.bench import MODEL, Bench, FormulaStore


@pytest.fixture
def windowing() -> Windowing:
    """A windower and a detector with one partition; the wall says Friday, 2018-06-08."""
    return Windowing()


@pytest.fixture
def make_scorer() -> Callable[[], Bench]:
    """Makes a scorer of one model, ``fraud``, which no version serves yet."""

    def make() -> Bench:
        store = FormulaStore()
        model = parse_model(MODEL, source="test")
        spec = assemble(models={"fraud": model}, bundles=store, scoring=store, replica="0")
        return Bench(spec, store)

    return make
