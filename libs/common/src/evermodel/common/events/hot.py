"""The data plane's fast forms: the same JSON as `traffic.py` at less than half its cost.

Owns the structs that services decode thousands of rows a second into. They are never richer
or laxer than the public forms: a test holds the two to each other. NaN and infinities are
refused on both sides (msgspec would write them as null, which is a value here).
"""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from evermodel.common.events.traffic import Feature
from evermodel.common.kernel.errors import Poison

_Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\Z")]
_Ratio = Annotated[float, Meta(ge=0.0, le=1.0)]
_Time = Annotated[datetime, Meta(tz=True)]
_Id = Annotated[str, Meta(min_length=1)]


class ScoredRow(Struct, kw_only=True, gc=False):
    """`ScoredTransaction`, field by field."""

    model: _Name
    id: _Id
    entity: str
    time: _Time
    features: dict[str, float | int | bool | str | None]
    scores: dict[str, _Ratio] = {}
    alerts: dict[str, bool] = {}
    failed: tuple[str, ...] = ()
    decided_by: Annotated[int, Meta(ge=1)] | None = None
    decision: Literal["alert", "pass", "unscored"] = "unscored"
    propensity: _Ratio = 1.0
    reference: str | None = None


class LabelRow(Struct, kw_only=True, gc=False):
    """`Label`, field by field."""

    model: _Name
    id: _Id
    label: Literal[0, 1]
    known_at: _Time
    source: str = "analyst"


_ENCODER = msgspec.json.Encoder()
_SCORED = msgspec.json.Decoder(ScoredRow)
_LABEL = msgspec.json.Decoder(LabelRow)
# What the decoder does not know it skips, and that without a bound on its depth of its own.
_WRONG = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_scored(value: bytes | None) -> ScoredRow:
    """Return the row that `value` holds; unknown fields are dropped.

    Raises:
        Poison: it is not JSON, or a field is missing, mistyped or out of range.
    """
    try:
        return _SCORED.decode(value or b"")
    except _WRONG as error:
        raise Poison(str(error)) from error


def decode_label(value: bytes | None) -> LabelRow:
    """Return the label that `value` holds; unknown fields are dropped.

    Raises:
        Poison: as `decode_scored`.
    """
    try:
        return _LABEL.decode(value or b"")
    except _WRONG as error:
        raise Poison(str(error)) from error


def encode_scored(row: ScoredRow) -> bytes:
    """Return `row` as JSON.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    _require_finite(row.features)
    _require_finite(row.scores)
    if not isfinite(row.propensity):
        raise ValueError(f"propensity is {row.propensity}")
    return _ENCODER.encode(row)


def encode_label(row: LabelRow) -> bytes:
    """Return `row` as JSON."""
    return _ENCODER.encode(row)


def _require_finite(values: Mapping[str, Feature]) -> None:
    for name, value in values.items():
        if type(value) is float and not isfinite(value):
            raise ValueError(f"{name} is {value}")
