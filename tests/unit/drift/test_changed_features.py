"""``model.toml`` describes other features than those that what serves was trained with."""

from datetime import timedelta

import pytest

from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.models.file import parse_model
from evermodel.drift.domain.quality import failures_of
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    FakeLake,
    FakeReferences,
    made_windower,
    referenced,
    scored,
    watermark,
)

REFERENCE = referenced()
GIVEN = {"amount": 10.0, "shop": "a", "night": 0}


def described(features: str) -> str:
    return f"""
        [model]
        name = "fraud"
        [stream]
        time = "t"
        label = "y"
        [features]
        {features}
        """


@pytest.mark.guarantee(
    "input",
    fault="{fault} of model.toml while a version serves that was trained before",
    promise="every row is kept and counted, none is given up; the window fails quality: schema",
    seen="windower logs 'what serves was trained with other features than model.toml describes'",
)
@pytest.mark.parametrize(
    ("fault", "features", "given", "named"),
    [
        (
            "a feature is taken out",
            'continuous = ["amount"]\nflag = ["night"]',
            {"amount": 10.0, "night": 0},
            "shop",
        ),
        (
            "a number becomes a category",
            'categorical = ["amount", "shop"]\nflag = ["night"]',
            {**GIVEN, "amount": "ten"},
            "amount",
        ),
    ],
)
def test_rows_of_other_features_are_kept(
    fault: str,
    features: str,
    given: dict[str, object],
    named: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, lake = parse_model(described(features), source=fault), FakeLake()
    references = FakeReferences({REFERENCE.reference_id: REFERENCE})
    windower = made_windower(lake, references=references, model=model)
    rows = [
        scored(
            n,
            MONDAY + timedelta(hours=n),
            reference=REFERENCE.reference_id,
            features=given,
        )
        for n in range(5)
    ]
    reaction = windower.on_records([*rows, watermark("transactions.scored", 5, MONDAY + 2 * DAY)])

    assert not reaction.rejected
    assert len(lake.ids()) == len(rows)
    first, *_ = (emit.payload for emit in reaction.events)
    assert isinstance(first, TransactionsPartial)
    assert first.counters is not None
    assert first.counters.rows == len(rows)
    found = failures_of(first.counters, model, reference=REFERENCE, window_class="0")
    assert named in {failure.column for failure in found if failure.check == "schema"}
    said = f"trained with other features than model.toml describes ({named})"
    assert caplog.text.count(said) == 1


def test_a_further_feature_costs_no_profile() -> None:
    features = 'continuous = ["amount", "balance"]\ncategorical = ["shop"]\nflag = ["night"]'
    model = parse_model(described(features), source="further")
    references = FakeReferences({REFERENCE.reference_id: REFERENCE})
    windower = made_windower(references=references, model=model)
    row = scored(0, MONDAY, reference=REFERENCE.reference_id, features={**GIVEN, "balance": 1.0})

    reaction = windower.on_records([row, watermark("transactions.scored", 1, MONDAY + DAY)])

    first, *_ = (emit.payload for emit in reaction.events)
    assert isinstance(first, TransactionsPartial)
    assert first.counters is not None
    (counted,) = first.counters.references
    assert set(counted.continuous) == {"amount"}
