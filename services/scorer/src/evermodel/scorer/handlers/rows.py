"""A payment's JSON in, a scored payment's JSON out.

The public form is ``ScoredTransaction``; a test holds the bytes written here to it.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime

import msgspec

from evermodel.common.kernel.errors import Poison
from evermodel.scorer.domain.payments import Feature, Payment
from evermodel.scorer.handlers.scoring import ScoredBatch

_decode = msgspec.json.Decoder().decode


def decode_row(value: bytes | None) -> object:
    """Return the JSON value of a record.

    Raises:
        Poison: there is none, or it is not JSON (which knows neither NaN nor Infinity).
    """
    if value is None:
        raise Poison("the record has no value")
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _explained(value, error) from error


def _explained(value: bytes, error: BaseException) -> Poison:
    """Name the column when many tools' favourite mistake, a bare NaN, is what is wrong."""
    try:
        row = json.loads(value)
    except (ValueError, RecursionError):
        return Poison(f"the value is not JSON: {error}")
    for column, number in row.items() if isinstance(row, dict) else ():
        if isinstance(number, float) and not math.isfinite(number):
            return Poison(f"column {column}: {number!r} is not JSON and not a number to score")
    return Poison(f"the value is not JSON: {error}")


class _Scored(msgspec.Struct):
    """``ScoredTransaction``, field by field."""

    model: str
    id: str
    entity: str
    time: datetime
    features: dict[str, Feature]
    scores: dict[str, float]
    alerts: dict[str, bool]
    failed: list[str]
    decided_by: int | None
    decision: str
    propensity: float
    reference: str | None


def encode_rows(
    payments: Sequence[Payment], *, model: str, reference: str | None, scored: ScoredBatch
) -> list[bytes]:
    """Return one ``ScoredTransaction`` as JSON per payment."""
    answers = [(str(version), given) for version, given in scored.answers.items()]
    everyone = all(given.complete for _, given in answers)
    encode = msgspec.json.Encoder().encode
    values = []
    for row, (payment, decision) in enumerate(zip(payments, scored.decisions, strict=True)):
        values.append(
            encode(
                _Scored(
                    model,
                    payment.id,
                    payment.entity,
                    payment.time,
                    payment.features,
                    {v: s for v, given in answers if (s := given.scores[row]) is not None},
                    {v: a for v, given in answers if (a := given.alerts[row]) is not None},
                    [] if everyone else [v for v, given in answers if given.scores[row] is None],
                    decision.decided_by,
                    decision.verdict,
                    decision.propensity,
                    reference,
                )
            )
        )
    return values
