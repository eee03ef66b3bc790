"""What the services gave up of one model's records, counted from the dead-letter topics.

Owns whose a dead letter is. Must never let one go uncounted: a letter that does not say whose
it is counts for every model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evermodel.common.events.catalogue import TRANSACTIONS_SCORED
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """`letters`: dead letters of the model. `payments`: payments among them, each once."""

    letters: int = 0
    payments: int = 0


def given_up(records: Iterable[Record], *, model: ModelDescription) -> GivenUp:
    """Return what the dead letters `records` hold of `model`."""
    letters, payments = 0, set[tuple[str, int, int]]()
    for record in records:
        letter = _read(record)
        if letter is None or _subject(letter) in {None, model.name.encode()}:
            letters += 1
        if letter is not None and _subject(letter) in {None, model.name.encode()}:
            payments |= _payment(letter, model)
    return GivenUp(letters=letters, payments=len(payments))


def _read(record: Record) -> DeadLetter | None:
    try:
        return decode_dead_letter(record.value)
    except Poison:
        return None


def _subject(letter: DeadLetter) -> bytes | None:
    return next((value for name, value in letter.headers if name == "ce_subject"), None)


def _payment(letter: DeadLetter, model: ModelDescription) -> set[tuple[str, int, int]]:
    """Return the payment that `letter` gives up, by where it stood; none if it is no payment."""
    if letter.topic not in {model.stream.topic, TRANSACTIONS_SCORED.name}:
        return set()
    return {(letter.topic, letter.partition, letter.offset)}
