"""One model whose bundle cannot be had stops no other's payments when a scorer starts."""

import json

import pytest

from evermodel.common.events.traffic import ServingApplied
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.file import parse_model
from evermodel.common.testing.harness import Harness
from evermodel.scorer.ports import BundleUnreachable
from evermodel.scorer.wiring import assemble
from tests.unit.scorer.bench import (
    MODEL,
    FormulaStore,
    Inline,
    by_amount,
    meta,
    payment,
    play,
    step,
)

SOUND, SICK = "fraud", "fraud-eu"
GONE = BundleUnreachable("403 for this bucket")


def started(store: FormulaStore) -> Harness:
    """Return what comes of a start at which each model has a step, and then a payment."""
    harness = Harness(partitions=4)
    for model, version in ((SOUND, 1), (SICK, 9)):
        serves = play(version, role="champion", weight=100)
        harness.publish(step(serves, version=version, model=model), time=meta().time)
        harness.publish_records(
            [
                Outgoing(
                    topic="transactions",
                    key=b"7",
                    value=json.dumps(payment()).encode(),
                    headers=(("ce_subject", model.encode()),),
                )
            ]
        )
    models = {
        name: parse_model(MODEL.replace('"fraud"', f'"{name}"'), source="test")
        for name in (SOUND, SICK)
    }
    harness.add(assemble(models=models, bundles=store, scoring=store, beside=Inline()), ticks=True)
    return harness


@pytest.mark.guarantee(
    "outside",
    fault="the store refuses one model's bundle when a scorer starts",
    promise="after half a minute the payments of the others are scored; its own pass unscored",
    seen="scorer logs 'tried again in 1.0 s: …'; serving.applied",
)
def test_what_one_model_cannot_have_is_not_waited_for_by_all() -> None:
    harness = started(FormulaStore({"v1": by_amount, "v9": GONE}))
    harness.run()
    rows = [json.loads(r.value or b"") for r in harness.records("transactions.scored")]
    assert {row["model"]: row["decision"] for row in rows} == {SOUND: "pass", SICK: "unscored"}
    assert harness.clock.monotonic() >= 30, "it might have come"


def test_what_one_model_cannot_have_serves_when_it_comes() -> None:
    store = FormulaStore({"v1": by_amount, "v9": GONE})
    harness = started(store)
    harness.run()
    store.formulas["v9"] = by_amount
    for _ in range(10):
        harness.clock.advance(1)
        harness.run()
    said = [e.payload for e in harness.events(ServingApplied) if e.payload.model == SICK]
    assert [v.state for v in said[-1].versions] == ["ready"]


def test_a_store_that_is_away_for_all_is_waited_for() -> None:
    harness = started(FormulaStore({"v1": GONE, "v9": GONE}))
    with pytest.raises(TimeoutError):
        harness.run()
    assert not harness.records("transactions.scored"), "none passes unscored"
