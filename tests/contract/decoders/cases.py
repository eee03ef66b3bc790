"""Every decoder with a value that it takes, and what became of a value that it was given."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evermodel.common.events.codec import decode
from evermodel.common.events.hot import decode_label, decode_scored
from evermodel.common.events.traffic import Watermark
from evermodel.common.kernel.errors import Foreign, Poison
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter, encode_dead_letter
from evermodel.common.messaging.records import Record
from evermodel.common.models.file import parse_model
from evermodel.drift.handlers.decoding import decode_rows, rows_of
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.handlers.payment_decoder import PaymentDecoder
from tests.contract.events.golden import BY_TYPE, EXAMPLES, record

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


def answer(decode: Decode, value: bytes | None) -> str:
    """What became of `value`: ``taken``, ``poison``, or the exception that got out."""
    try:
        decode(value)
    except (Poison, Foreign):  # given up, and said why
        return "poison"
    except Exception as error:  # noqa: BLE001  # whatever it is, it should have been poison
        return repr(error)
    return "taken"
