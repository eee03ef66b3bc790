"""Order, partitions, watermarks, and which model a record belongs to."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from evermodel.common.events.traffic import ScoredTransaction, Watermark
from evermodel.common.kernel.errors import Foreign
from evermodel.common.messaging.deadletter import REDRIVEN_FOR, REDRIVEN_FROM, is_for_another
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model
from tests.unit.scorer.bench import MODEL, Bench, payment, play, record

MARK = {"model": "fraud", "time": "2018-06-13T00:00:00Z"}


def model_named(name: str, *, topic: str = "transactions") -> ModelDescription:
    text = MODEL.replace('"fraud"', f'"{name}"').replace("[stream]", f'[stream]\ntopic = "{topic}"')
    return parse_model(text, source="test")


def test_before_a_first_champion_payments_pass_unscored(bench: Bench) -> None:
    (row,) = bench.score(payment())
    assert (row["scores"], row["decision"], row["decided_by"]) == ({}, "unscored", None)
    assert row["reference"] is None


def test_what_is_written_is_the_public_form(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=80), play(2, role="challenger", weight=20))
    (out,) = bench.react([record(payment(TX_AMOUNT=60.0))]).records
    row = ScoredTransaction.model_validate_json(out.value or b"")
    assert row.scores == {"1": 0.6, "2": 0.6}
    assert row.alerts == {"1": True, "2": True}
    assert row.decision == "alert"
    assert row.reference == "ref1"
    assert dict(out.headers) == {
        "ce_type": ScoredTransaction.TYPE.encode(),
        "ce_subject": b"fraud",
    }


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_rows_and_watermarks_keep_their_order_partition_and_key(
    bench_of_one: Bench, stream: list[tuple[int, bool]]
) -> None:
    records = [
        record(MARK, partition=p, offset=n, kind=Watermark.TYPE)
        if is_mark
        else record(payment(TRANSACTION_ID=n), partition=p, offset=n)
        for n, (p, is_mark) in enumerate(stream)
    ]
    out = bench_of_one.react(records).records
    assert [(o.partition, o.key) for o in out] == [(r.partition, r.key) for r in records]
    kinds = [dict(o.headers)["ce_type"] == Watermark.TYPE.encode() for o in out]
    assert kinds == [is_mark for _, is_mark in stream]
    assert {o.topic for o in out} <= {"transactions.scored"}


@pytest.fixture(scope="session")
def bench_of_one() -> Bench:
    from evermodel.scorer.wiring import assemble  # noqa: PLC0415
    from tests.unit.scorer.bench import FormulaStore  # noqa: PLC0415

    store = FormulaStore()
    models = {"fraud": model_named("fraud")}
    return Bench(assemble(models=models, bundles=store, scoring=store), store)


@pytest.mark.parametrize(
    "value", [b"", b"{}", {"model": "fraud", "time": "noon"}, MARK | {"model": "other"}, None]
)
def test_a_broken_watermark_is_refused(bench: Bench, value: object) -> None:
    assert "watermark" in bench.refusal(value, kind=Watermark.TYPE)


def test_a_watermark_put_back_for_the_scorer_is_meant_for_all_who_read_on(bench: Bench) -> None:
    mark = record(MARK, kind=Watermark.TYPE)
    own = (("ce_id", b"mark-7"), ("content-type", b"application/json"))
    notes = ((REDRIVEN_FOR, b"scorer"), (REDRIVEN_FROM, b"transactions/0/7"), ("x-trace", b"1"))
    (out,) = bench.react([structs.replace(mark, headers=(*mark.headers, *own, *notes))]).records
    assert dict(out.headers) == {
        "ce_type": Watermark.TYPE.encode(),
        "ce_subject": b"fraud",
        **dict(own),
    }
    assert not is_for_another(
        Record(topic=out.topic, partition=0, offset=0, key=None, value=None, headers=out.headers),
        "drift-windower",
    )


def test_the_only_model_needs_no_subject(bench: Bench) -> None:
    assert bench.score(payment(), subject=None)[0]["model"] == "fraud"


def test_an_unknown_model_is_refused(bench: Bench) -> None:
    (rejected,) = bench.react([record(payment(), subject="other")]).rejected
    assert isinstance(rejected.error, Foreign)
    assert "names no model" in str(rejected.error)


def test_two_models_are_told_apart_by_subject_and_serve_their_own_versions(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(model_named("fraud"), model_named("cards"))
    bench.step(play(1, role="champion", weight=100), version=1, model="cards")
    records = [record(payment(), subject=name, offset=n) for n, name in enumerate(MIXED)]
    rows = [
        ScoredTransaction.model_validate_json(o.value or b"") for o in bench.react(records).records
    ]
    assert [row.model for row in rows] == MIXED
    assert [row.decided_by for row in rows] == [1 if m == "cards" else None for m in MIXED]
    assert "2 models read transactions" in bench.refusal(payment(), subject=None)


MIXED = ["cards", "fraud", "fraud", "cards", "fraud"]


def test_models_may_read_topics_of_their_own(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(model_named("fraud"), model_named("cards", topic="card.payments"))
    assert [route.topic.name for route in bench.spec.batches] == ["card.payments", "transactions"]
    (row,) = bench.score(payment(), subject=None, topic="card.payments")
    assert row["model"] == "cards"
