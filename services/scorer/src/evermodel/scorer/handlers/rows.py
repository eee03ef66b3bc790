"""A payment's JSON in, a scored payment's JSON out.

The public form is ``ScoredTransaction``; a test holds the bytes written here to it.
"""

import json
import math
from collections.abc import Iterable, Sequence

import msgspec

from evermodel.common.events.hot import ScoredRow, encode_scored
from evermodel.common.kernel.errors import Poison
from evermodel.scorer.domain.decisions import Answers
from evermodel.scorer.domain.payments import Payment
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


def encode_rows(
    payments: Sequence[Payment], *, model: str, reference: str | None, scored: ScoredBatch
) -> list[bytes]:
    """Return one ``ScoredTransaction`` as JSON per payment."""
    answers = [(str(version), given) for version, given in scored.answers.items()]
    everyone = all(given.complete for _, given in answers)
    return [
        encode_scored(
            ScoredRow(
                model=model,
                id=payment.id,
                entity=payment.entity,
                time=payment.time,
                features=payment.features,
                scores={v: s for v, given in answers if (s := given.scores[row]) is not None},
                alerts={v: a for v, given in answers if (a := given.alerts[row]) is not None},
                failed=() if everyone else tuple(_silent(answers, row)),
                decided_by=decision.decided_by,
                decision=decision.verdict,
                propensity=decision.propensity,
                reference=reference,
            )
        )
        for row, (payment, decision) in enumerate(zip(payments, scored.decisions, strict=True))
    ]


def _silent(answers: Iterable[tuple[str, Answers]], row: int) -> Iterable[str]:
    return (version for version, given in answers if given.scores[row] is None)
