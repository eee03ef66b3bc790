"""The fast forms of the data plane say exactly what the public forms say."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.hot import (
    LabelRow,
    ScoredRow,
    decode_label,
    decode_scored,
    encode_label,
    encode_scored,
)
from evermodel.common.events.traffic import Label, ScoredTransaction
from evermodel.common.kernel.errors import Poison

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
RATIO = st.floats(0, 1)
FEATURE = st.one_of(
    st.none(),
    st.booleans(),
    TEXT,
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
)
TIME = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SCORED = st.builds(
    ScoredTransaction,
    model=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True),
    id=TEXT.filter(bool),
    entity=TEXT,
    time=TIME,
    features=st.dictionaries(TEXT, FEATURE, max_size=5),
    scores=st.dictionaries(st.sampled_from(["1", "2", "3"]), RATIO),
    alerts=st.dictionaries(st.sampled_from(["1", "2", "3"]), st.booleans()),
    failed=st.lists(st.sampled_from(["1", "2"]), max_size=2).map(tuple),
    decided_by=st.none() | st.integers(1, 9),
    decision=st.sampled_from(["alert", "pass", "unscored"]),
    propensity=RATIO,
    reference=st.none() | TEXT,
)
LABEL = st.builds(
    Label,
    model=st.just("fraud"),
    id=TEXT.filter(bool),
    label=st.sampled_from([0, 1]),
    known_at=TIME,
    source=TEXT,
)
ROW: dict[str, Any] = {
    "model": "fraud",
    "id": "t1",
    "entity": "c1",
    "time": "2018-06-01T10:00:00Z",
    "features": {"amount": 1.5},
}


def test_the_fields_are_the_same_ones() -> None:
    assert list(ScoredRow.__struct_fields__) == list(ScoredTransaction.model_fields)
    assert list(LabelRow.__struct_fields__) == list(Label.model_fields)


@given(SCORED)
def test_a_row_reads_the_same_either_way(public: ScoredTransaction) -> None:
    row = decode_scored(public.model_dump_json().encode())
    for name in ScoredTransaction.model_fields:
        assert getattr(row, name) == getattr(public, name)
        assert type(getattr(row, name)) is type(getattr(public, name))
    assert ScoredTransaction.model_validate_json(encode_scored(row)) == public


@given(LABEL)
def test_a_label_reads_the_same_either_way(public: Label) -> None:
    row = decode_label(public.model_dump_json().encode())
    for name in Label.model_fields:
        assert getattr(row, name) == getattr(public, name)
    assert Label.model_validate_json(encode_label(row)) == public


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": 7},
        {"model": "UPPER"},
        {"model": "fraud\n"},
        {"time": "2018-06-01T10:00:00"},
        {"time": "yesterday"},
        {"features": {"amount": [1]}},
        {"features": None},
        {"scores": {"1": 1.1}},
        {"scores": {"1": "high"}},
        {"decided_by": 0},
        {"decision": "maybe"},
        {"propensity": -0.1},
    ],
)
def test_what_the_public_form_refuses_is_poison(change: dict[str, Any]) -> None:
    value = json.dumps(ROW | change).encode()
    with pytest.raises(ValueError, match="validation error"):
        ScoredTransaction.model_validate_json(value)
    with pytest.raises(Poison):
        decode_scored(value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_number_that_is_not_finite_comes_in(number: str) -> None:
    value = json.dumps(ROW).replace("1.5", number).encode()
    with pytest.raises(Poison):
        decode_scored(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["features", "scores", "propensity"])
def test_no_number_that_is_not_finite_goes_out(number: float, place: str) -> None:
    row = decode_scored(json.dumps(ROW).encode())
    setattr(row, place, number if place == "propensity" else {"1": number})
    with pytest.raises(ValueError, match=r"nan|inf"):
        encode_scored(row)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"nonsense", b"\xff\xfe", b'{"a": {}}'])
def test_what_is_no_flat_object_is_poison(value: bytes | None) -> None:
    for decode in (decode_scored, decode_label):
        with pytest.raises(Poison):
            decode(value)


def test_an_unknown_field_is_dropped() -> None:
    assert decode_scored(json.dumps(ROW | {"later": 1}).encode()).id == "t1"
