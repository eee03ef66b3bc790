"""Every wrong payment is refused, by column, and its neighbours are scored."""

from collections.abc import Callable
from typing import Any

import pytest

from evermodel.common.models.file import parse_model
from tests.unit.scorer.bench import MODEL, Bench, payment, play, record

BAD_COLUMNS = [
    ("TX_AMOUNT", "12.0", "expected a number, got a string"),
    ("TX_AMOUNT", True, "expected a number, got true or false"),
    ("TX_AMOUNT", [1], "expected a number, got a list"),
    ("TX_AMOUNT", 1e300, "beyond what a model can compute with"),
    ("TX_AMOUNT", -(10**60), "beyond what a model can compute with"),
    ("TX_AMOUNT", float("nan"), "nan is not JSON"),
    ("TX_AMOUNT", float("inf"), "inf is not JSON"),
    ("TX_AMOUNT", float("-inf"), "-inf is not JSON"),
    ("MERCHANT", {"a": 1}, "expected a string or an integer, got an object"),
    ("MERCHANT", 1.5, "expected a string or an integer, got a number"),
    ("TX_DURING_NIGHT", "yes", "expected true, false or a number, got a string"),
    ("TX_DATETIME", "yesterday", "expected a time such as 2018-06-01T12:00:00Z, got 'yesterday'"),
    ("TX_DATETIME", 1528797600, "expected a time such as 2018-06-01T12:00:00Z, got a number"),
    ("TX_DATETIME", None, "expected a time such as 2018-06-01T12:00:00Z, got null"),
    ("TX_DATETIME", "0001-01-01T00:00:00+23:00", "expected a time"),
    ("TRANSACTION_ID", None, "expected a string or an integer, got null"),
    ("TRANSACTION_ID", "", "expected a string or an integer, got an empty string"),
    ("CUSTOMER_ID", [], "expected a string or an integer, got a list"),
]


@pytest.mark.guarantee(
    "input",
    fault="a payment's {column} is {value}",
    promise="a dead letter that names the column",
    seen="given up (poison): column {column}: {problem}",
)
@pytest.mark.parametrize(("column", "value", "problem"), BAD_COLUMNS)
def test_a_wrong_value_is_refused_by_column(
    bench: Bench, column: str, value: Any, problem: str
) -> None:
    said = bench.refusal(payment(**{column: value}))
    assert said.startswith(f"column {column}: ")
    assert problem in said


@pytest.mark.guarantee(
    "input",
    fault="a payment has no {column}",
    promise="a dead letter that names it; of nobody in particular (null) stands for itself",
    seen="given up (poison): column {column}: missing",
)
@pytest.mark.parametrize(
    "column",
    ["TX_AMOUNT", "MERCHANT", "TX_DURING_NIGHT", "TX_DATETIME", "TRANSACTION_ID", "CUSTOMER_ID"],
)
def test_a_missing_column_is_refused_by_name(bench: Bench, column: str) -> None:
    row = payment()
    if column == "CUSTOMER_ID":  # a payment of nobody in particular stands for itself
        row[column] = None
        assert bench.score(row)[0]["entity"] == "1"
    del row[column]
    if column != "CUSTOMER_ID":
        assert bench.refusal(row).startswith(f"column {column}: missing")


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"\xff\xfe", b"not json", b'{"TX_AMOUNT": 1e999}', b"[" * 5000],
    ids=["no value", "empty", "cut off", "no UTF-8", "no JSON", "too large", "too deep"],
)
def test_what_is_no_json_is_refused(bench: Bench, value: bytes | None) -> None:
    assert bench.refusal(value)


@pytest.mark.parametrize("value", [[], "text", 7, True, None])
def test_json_that_is_no_object_is_refused(bench: Bench, value: Any) -> None:
    encoded = b"null" if value is None else value
    assert "not an object" in bench.refusal(encoded)


@pytest.mark.guarantee(
    "input",
    fault="a payment has nulls, and columns that nobody knows",
    promise="scored: null is a value, what is unknown stays behind",
    seen="nothing: it is sound",
)
def test_null_is_a_value_and_unknown_columns_are_ignored(bench: Bench) -> None:
    (row,) = bench.score(payment(TX_AMOUNT=None, MERCHANT=None, TX_DURING_NIGHT=None, EXTRA=[1]))
    assert row["features"] == {"TX_AMOUNT": None, "MERCHANT": None, "TX_DURING_NIGHT": None}


def test_leaks_do_not_travel_on(bench: Bench) -> None:
    (row,) = bench.score(payment(TX_FRAUD=1, TX_FRAUD_SCENARIO=3))
    assert not {"TX_FRAUD", "TX_FRAUD_SCENARIO"} & set(row["features"])


def test_integer_codes_that_a_tool_made_floats_are_integers_again(bench: Bench) -> None:
    assert bench.score(payment(MERCHANT=3.0))[0]["features"]["MERCHANT"] == 3


def test_a_bad_payment_costs_its_neighbours_nothing(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=100), version=1)
    good, bad = record(payment(), offset=0), record(b"{", offset=1)
    reaction = bench.react([good, bad, record(payment(), offset=2)])
    assert [r.record for r in reaction.rejected] == [bad]
    assert len(reaction.records) == 2


@pytest.mark.guarantee(
    "input",
    fault="a payment's time has no zone",
    promise="taken as UTC",
    seen="time of transactions.scored",
)
def test_a_payment_without_a_zone_is_in_utc(bench: Bench) -> None:
    times = ["2018-06-12 10:00:00", "2018-06-12T10:00:00Z", "2018-06-12T12:00:00+02:00"]
    rows = bench.score(*(payment(TX_DATETIME=time) for time in times))
    assert {row["time"] for row in rows} == {"2018-06-12T10:00:00Z"}


def test_without_an_id_column_the_position_is_the_id_and_the_entity(
    make_bench: Callable[..., Bench],
) -> None:
    text = MODEL.replace('id = "TRANSACTION_ID"\n', "").replace('entity = "CUSTOMER_ID"\n', "")
    bench = make_bench(parse_model(text, source="test"))
    _, row = bench.score(payment(), payment(), partition=2)
    assert row["id"] == row["entity"] == "transactions-2-1"
