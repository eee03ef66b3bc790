"""JSON that a tool somewhere writes: what becomes of each shape, on each data topic."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evermodel.common.testing.harness import Harness
from tests.faults.input.windowing import LABEL, ROW, Windowing
from tests.unit.scorer.bench import Bench, payment
from tests.unit.scorer.traffic import outgoing, scored

Spoil = Callable[[bytes], bytes]


def in_place(old: bytes, new: bytes) -> Spoil:
    """Return what writes `new` where `old` stands."""

    def spoilt(value: bytes) -> bytes:
        assert old in value
        return value.replace(old, new)

    return spoilt


#: What spoils any value, whatever its fields; None: there is none at all.
ANYWHERE: dict[str, Spoil] = {
    "UTF-16": lambda value: value.decode().encode("utf-16"),
    "a byte order mark before it": lambda value: b"\xef\xbb\xbf" + value,
    "bytes that are no UTF-8 in it": in_place(b'"fraud"', b'"fr\xffaud"'),
    "a zero byte behind it": lambda value: value + b"\0",
    "cut off": lambda value: value[:-5],
    "twice, one behind the other": lambda value: value + value,
    "a comment behind it": lambda value: value + b" // as discussed",
    "single quotes": lambda value: value.replace(b'"', b"'"),
    "a list of it": lambda value: b"[" + value + b"]",
    "a string of it": lambda value: json.dumps(value.decode()).encode(),
    "nothing in it": lambda _: b"",
    "null": lambda _: b"null",
    "brackets a hundred thousand deep": lambda _: b"[" * 100_000,
}
#: What spoils the amount 10.0.
NUMBERS: dict[str, Spoil] = {
    "NaN": in_place(b"10.0", b"NaN"),
    "Infinity": in_place(b"10.0", b"Infinity"),
    "1e400": in_place(b"10.0", b"1e400"),
    "a number in quotes": in_place(b"10.0", b'"10.0"'),
    "a number with a decimal comma": in_place(b"10.0", b"10,0"),
    "true": in_place(b"10.0", b"true"),
    "a list": in_place(b"10.0", b"[10.0]"),
    "a whole number of 400 digits": in_place(b"10.0", b"1" + b"0" * 400),
    "its column is missing": in_place(b'"amount": 10.0, ', b""),
}


def _put(windowing: Windowing, topic: str, values: list[bytes | None]) -> None:
    for value in values:
        windowing.put(value, topic=topic)
    windowing.until("2018-06-05T00:00:00Z")


def _row(name: str) -> bytes:
    return json.dumps({**ROW, "id": name}).encode()


@pytest.mark.guarantee(
    "input",
    fault="a scored payment is written so: {fault}",
    promise="a dead letter with its reason; its neighbours are counted",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize("fault", [*ANYWHERE, *NUMBERS])
def test_a_spoilt_row_is_given_up(windowing: Windowing, fault: str) -> None:
    spoilt = {**ANYWHERE, **NUMBERS}[fault](_row("x"))
    _put(windowing, "transactions.scored", [_row("a"), spoilt, _row("b")])
    (letter,) = windowing.letters()
    assert (letter.reason, letter.attempts, letter.value) == ("poison", 1, spoilt)
    assert letter.message
    assert windowing.counted() == {"2018-06-04": 2}
    assert windowing.lake.ids() == ["a", "b"]


@pytest.mark.guarantee(
    "input",
    fault="a label is written so: {fault}",
    promise="a dead letter with its reason; its neighbours are kept",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        *ANYWHERE.items(),
        ("the label 2", in_place(b'"label": 1', b'"label": 2')),
        ("the label -1", in_place(b'"label": 1', b'"label": -1')),
        ("the label 0.5", in_place(b'"label": 1', b'"label": 0.5')),
        ("the label true", in_place(b'"label": 1', b'"label": true')),
        ("the label in quotes", in_place(b'"label": 1', b'"label": "1"')),
        ("the label null", in_place(b'"label": 1', b'"label": null')),
        ("no label", in_place(b', "label": 1', b"")),
        ("no id", in_place(b'"id": "x", ', b"")),
        ("an empty id", in_place(b'"id": "x"', b'"id": ""')),
        ("a number as its id", in_place(b'"id": "x"', b'"id": 7')),
    ],
)
def test_a_spoilt_label_is_given_up(windowing: Windowing, fault: str, spoil: Spoil) -> None:
    spoilt = spoil(json.dumps({**LABEL, "id": "x"}).encode())
    sound = [json.dumps({**LABEL, "id": name}).encode() for name in "ab"]
    _put(windowing, "labels", [sound[0], spoilt, sound[1]])
    (letter,) = windowing.letters()
    assert (letter.reason, letter.attempts, letter.value) == ("poison", 1, spoilt), fault
    assert windowing.lake.ids() == ["a", "b"]


@pytest.mark.guarantee(
    "input",
    fault="a payment is written so: {fault}",
    promise="a dead letter with its reason; its neighbours are scored, in order",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize("fault", [*(f for f in ANYWHERE if "no UTF-8" not in f), *NUMBERS])
def test_a_spoilt_payment_is_given_up(make_scorer: Callable[[], Bench], fault: str) -> None:
    harness = Harness(partitions=1)
    harness.add(make_scorer().spec)
    row = {"amount": 10.0, **payment(TRANSACTION_ID=2)}
    del row["TX_AMOUNT"]
    spoilt = {**ANYWHERE, **NUMBERS}[fault](json.dumps(row).encode())
    spoilt = spoilt.replace(b'"amount"', b'"TX_AMOUNT"')
    values: list[Any] = [payment(TRANSACTION_ID=1), spoilt, payment(TRANSACTION_ID=3)]
    harness.publish_records([outgoing(value, partition=0) for value in values])
    harness.run()
    (letter,) = harness.dead_letters("scorer")
    assert (letter.reason, letter.attempts, letter.value) == ("poison", 1, spoilt)
    assert [row["id"] for row in scored(harness)] == ["1", "3"]


@pytest.mark.guarantee(
    "input",
    fault="a record of {topic} has no value (a tombstone)",
    promise="a dead letter; nothing is deleted by it",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize("topic", ["transactions.scored", "labels"])
def test_a_tombstone_deletes_nothing(windowing: Windowing, topic: str) -> None:
    sound = _row("a") if topic == "transactions.scored" else json.dumps(LABEL).encode()
    _put(windowing, topic, [sound, None])
    (letter,) = windowing.letters()
    assert (letter.topic, letter.reason, letter.value) == (topic, "poison", None)
    assert windowing.lake.ids() == ["a"]


@pytest.mark.guarantee(
    "input",
    fault="a scored payment is written so: {fault}",
    promise="taken as it stands: {taken}",
    seen="nothing: it is sound",
)
@pytest.mark.parametrize(
    ("fault", "spoil", "taken"),
    [
        ("a key twice", in_place(b'"id": "x"', b'"id": "y", "id": "x"'), {"id": "x"}),
        ("a field nobody knows", in_place(b'"id": "x"', b'"id": "x", "new": {"a": [1]}'), {}),
        ("a column nobody knows", in_place(b"10.0", b'10.0, "new": "x"'), {}),
        ("a whole number for a number", in_place(b"10.0", b"10"), {"f_amount": 10.0}),
        ("a number for a level", in_place(b'"shop": "a"', b'"shop": 3.0'), {"f_shop": "3"}),
        (
            "the largest double",
            in_place(b"10.0", b"1.7976931348623157e308"),
            {"f_amount": 1.7976931348623157e308},
        ),
        ("the smallest double", in_place(b"10.0", b"5e-324"), {"f_amount": 5e-324}),
        ("minus zero", in_place(b"10.0", b"-0.0"), {"f_amount": 0.0}),
        ("a null", in_place(b"10.0", b"null"), {"f_amount": None}),
        ("a zero character in a level", in_place(b'"a"', b'"\\u0000"'), {"f_shop": "\0"}),
    ],
)
def test_an_odd_row_is_counted(
    tmp_path: Path, fault: str, spoil: Spoil, taken: dict[str, object]
) -> None:
    windowing = Windowing(folder=tmp_path)
    _put(windowing, "transactions.scored", [spoil(_row("x"))])
    assert windowing.letters() == [], fault
    assert windowing.counted() == {"2018-06-04": 1}
    (kept,) = pl.read_parquet(tmp_path / "**" / "*.parquet").to_dicts()
    plain = {"id": "x", "f_amount": 10.0, "f_shop": "a"}
    assert {name: kept[name] for name in plain} == plain | taken
    assert "new" not in kept
