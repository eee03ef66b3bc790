"""Whatever lies in a topic, a decoder returns or says `Poison`: never anything else.

Any other exception would be taken for a bug of ours: tried three times, and given up as one.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.codec import decode, decode_meta
from evermodel.common.events.hot import decode_label, decode_scored
from evermodel.common.events.traffic import Watermark
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.deadletter import (
    DeadLetter,
    decode_dead_letter,
    encode_dead_letter,
)
from evermodel.common.messaging.records import Record
from evermodel.common.models.file import parse_model
from evermodel.drift.handlers.decoding import decode_rows, rows_of
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.handlers.payment_decoder import PaymentDecoder
from tests.contract.decoders.wild import CORPUS, VALUES, json_values, torn, with_value
from tests.contract.events.test_golden_examples import BY_TYPE, EXAMPLES, record

Decode = Callable[[bytes | None], object]


@dataclass(frozen=True)
class Case:
    """A decoder and a value that it takes."""

    name: str
    decode: Decode
    example: Mapping[str, Any]

    @property
    def sound(self) -> bytes:
        return json.dumps(self.example).encode()


def event_case(path: Path) -> Case:
    """A golden example by the codec, its headers as they should be."""
    example = json.loads(path.read_text())
    payload = BY_TYPE[example["type"]]
    _, headers = record(example)

    def read(value: bytes | None) -> object:
        return decode(payload, value=value, headers=headers)

    return Case(path.stem, read, example["data"])


def windower_case(*headers: tuple[str, bytes]) -> Case:
    """A row as the windower takes it: decoded, checked against its model, in columns."""
    models = {"m": parse_model(MODEL, source="m.toml")}

    def read(value: bytes | None) -> object:
        row = Record(
            topic="transactions.scored",
            partition=0,
            offset=0,
            key=b"k",
            value=value,
            headers=headers,
        )
        rejected: list[Rejected] = []
        segments = decode_rows([row], models=models, rejected=rejected)
        for reject in rejected:
            raise reject.error
        return [rows_of(segment) for some in segments.values() for segment in some]

    return Case("watermark" if headers else "windower", read, MARK if headers else SCORED)


MODEL = """
[model]
name = "m"
[stream]
time = "t"
label = "y"
[features]
continuous = ["a"]
categorical = ["c"]
flag = ["f"]
"""
TIME = "2026-02-20T10:00:00Z"
FEATURES = {"a": 1.5, "c": "x", "f": True}
SCORED = {
    "model": "m",
    "id": "1",
    "entity": "e",
    "time": TIME,
    "features": FEATURES,
    "scores": {"1": 0.5},
    "alerts": {"1": False},
    "failed": [],
    "decided_by": 1,
    "decision": "pass",
    "propensity": 1.0,
    "reference": "r",
}
MARK = {"model": "m", "time": TIME}
LABEL = {"model": "m", "id": "1", "label": 1, "known_at": TIME, "source": "analyst"}
PAYMENT = {"t": TIME, "i": "1", "e": "x", "a": 1.5, "c": "x", "f": True}
FORM = RowForm(time="t", id="i", entity="e", continuous=("a",), categorical=("c",), flag=("f",))
LETTER = encode_dead_letter(
    DeadLetter(
        group="deployer",
        topic="model.validated",
        partition=0,
        offset=1,
        key=b"k",
        value=b"\xff",
        headers=(("ce_id", b"1"), ("x", None)),
        reason="poison",
        error="ValueError",
        message="not JSON",
        attempts=1,
        time=datetime(2026, 2, 20, tzinfo=UTC),
    ),
    topic="deployer.dead-letter",
)
PAYMENTS = PaymentDecoder(FORM)
CASES = (
    Case("scored row", decode_scored, SCORED),
    Case("label", decode_label, LABEL),
    Case("payment", lambda value: PAYMENTS.decode(value, position="0-0-0"), PAYMENT),
    Case("dead letter", decode_dead_letter, json.loads(LETTER.value or b"")),
    windower_case(),
    windower_case(("ce_type", Watermark.TYPE.encode())),
    *(event_case(path) for path in EXAMPLES),
)
each_decoder = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def answer(decode: Decode, value: bytes | None) -> str:
    """What became of `value`: ``taken``, ``poison``, or the exception that got out."""
    try:
        decode(value)
    except Poison:
        return "poison"
    except Exception as error:  # noqa: BLE001  # whatever it is, it should have been poison
        return repr(error)
    return "taken"


@each_decoder
def test_what_is_sound_is_taken(case: Case) -> None:
    case.decode(case.sound)


@each_decoder
def test_wild_values_are_poison(case: Case) -> None:
    answers = {name: answer(case.decode, value) for name, value in CORPUS.items()}
    answers["no value at all"] = answer(case.decode, None)
    assert {name: said for name, said in answers.items() if said != "poison"} == {}


@each_decoder
def test_wild_values_of_a_field_are_taken_or_poison(case: Case) -> None:
    answers = {
        (field, name): answer(case.decode, with_value(case.example, field, value))
        for field in case.example
        for name, value in VALUES.items()
    }
    assert {at: said for at, said in answers.items() if said not in {"taken", "poison"}} == {}
    assert "poison" in answers.values()


@each_decoder
@given(data=st.data())
def test_torn_bytes_are_taken_or_poison(case: Case, data: st.DataObject) -> None:
    assert answer(case.decode, data.draw(torn(case.sound))) in {"taken", "poison"}


@each_decoder
@given(value=json_values() | st.binary(max_size=64))
def test_any_bytes_are_taken_or_poison(case: Case, value: bytes) -> None:
    assert answer(case.decode, value) in {"taken", "poison"}


@pytest.mark.parametrize("field", ["a", "c", "f"])
def test_wild_features_are_taken_or_poison(field: str) -> None:
    windower = windower_case().decode
    answers = {}
    for name, value in VALUES.items():
        features = with_value(FEATURES, field, value)
        answers[name] = answer(windower, with_value(SCORED, "features", features))
    assert {*answers.values()} == {"taken", "poison"}


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_specversion", "ce_x"]
        ),
        st.none() | st.binary(max_size=40) | st.sampled_from([b"1.0", *VALUES.values()]),
    ),
    max_size=9,
)


@pytest.mark.guarantee(
    "input",
    fault="headers of any names and bytes",
    promise="read, or given up with their reason",
    seen="given up (poison): header … is not UTF-8",
)
@given(headers=HEADERS)
def test_any_headers_are_taken_or_poison(headers: list[tuple[str, bytes | None]]) -> None:
    with suppress(Poison):
        decode_meta(headers)


@pytest.mark.parametrize("name", VALUES)
def test_a_wild_time_in_the_headers_is_taken_or_poison(name: str) -> None:
    sound = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"t"), ("ce_source", b"s")]
    with suppress(Poison):
        decode_meta([*sound, ("ce_time", VALUES[name].strip(b'"'))])
