"""A scorer on the bench, with models that are formulas."""

from collections.abc import Callable
from concurrent.futures import Executor

import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model
from evermodel.scorer.handlers.fault import Fault
from evermodel.scorer.wiring import assemble
from tests.unit.scorer.bench import MODEL, Bench, FormulaStore, Inline, by_amount


@pytest.fixture
def description() -> ModelDescription:
    return parse_model(MODEL, source="test")


@pytest.fixture
def make_bench(description: ModelDescription) -> Callable[..., Bench]:
    def make(
        *models: ModelDescription,
        fault: Fault | None = None,
        replica: str = "0",
        beside: Executor | None = None,
    ) -> Bench:
        store = FormulaStore({"v1": by_amount, "v2": by_amount, "v3": by_amount})
        named = {str(model.name): model for model in models or (description,)}
        spec = assemble(
            models=named,
            bundles=store,
            scoring=store,
            replica=replica,
            fault=fault,
            beside=beside or Inline(),
        )
        return Bench(spec, store)

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()
