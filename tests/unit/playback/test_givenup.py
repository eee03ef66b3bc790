"""A dead letter belongs to the model it names, and only a dead payment explains a missing one."""

from datetime import UTC, datetime

import pytest

from evermodel.common.events.catalogue import LABELS, TRANSACTIONS, TRANSACTIONS_SCORED
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import dead_letter, encode_dead_letter
from evermodel.common.messaging.records import Headers, Record
from evermodel.common.models.description import ModelDescription
from evermodel.playback.givenup import GivenUp, given_up


def _letter(topic: str, *, offset: int = 0, model: str | None = "small") -> Record:
    headers = (("ce_subject", model.encode()),) if model else ()
    source = _record(topic, offset=offset, value=b"{", headers=headers)
    letter = dead_letter(
        source,
        group="scorer",
        reason="poison",
        error=Poison("no JSON"),
        attempts=1,
        time=datetime(2025, 1, 1, tzinfo=UTC),
    )
    out = encode_dead_letter(letter, topic="scorer.dead-letter")
    return _record(out.topic, offset=offset, value=out.value, headers=out.headers)


def _record(topic: str, *, offset: int, value: bytes | None, headers: Headers) -> Record:
    return Record(
        topic=topic,
        partition=0,
        offset=offset,
        key=b"k",
        value=value,
        headers=headers,
        timestamp_ms=0,
    )


def test_letters_of_another_model_are_not_counted(model: ModelDescription) -> None:
    letters = [_letter(TRANSACTIONS.name), _letter(TRANSACTIONS.name, offset=1, model="other")]
    assert given_up(letters, model=model) == GivenUp(letters=1, payments=1)


def test_a_letter_that_names_no_model_counts_for_every_one(model: ModelDescription) -> None:
    letters = [_letter(TRANSACTIONS.name, model=None)]
    assert given_up(letters, model=model) == GivenUp(letters=1, payments=1)


def test_what_is_no_dead_letter_is_still_counted(model: ModelDescription) -> None:
    odd = _record("scorer.dead-letter", offset=0, value=b"odd", headers=())
    assert given_up([odd], model=model) == GivenUp(letters=1, payments=0)


def test_a_payment_given_up_twice_is_one_payment(model: ModelDescription) -> None:
    letters = [_letter(TRANSACTIONS_SCORED.name), _letter(TRANSACTIONS_SCORED.name)]
    assert given_up(letters, model=model) == GivenUp(letters=2, payments=1)


@pytest.mark.parametrize("topic", [LABELS.name, "model.trained"])
def test_a_dead_letter_that_is_no_payment_hides_no_lost_one(
    topic: str, model: ModelDescription
) -> None:
    assert given_up([_letter(topic)], model=model) == GivenUp(letters=1, payments=0)
