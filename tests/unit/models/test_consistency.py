"""What no key can see by itself: two keys that contradict each other are refused by name."""

import pytest

from tests.unit.models.files import described, said_of


@pytest.mark.parametrize("key", ["id", "entity"])
@pytest.mark.parametrize(("column", "what"), [("at", "the event time"), ("bad", "the label")])
def test_a_column_is_not_two_things(key: str, column: str, what: str) -> None:
    """An entity that is the label would tell the answer; an id that is the time repeats."""
    said = f"expected a column of its own, and {column} is {what}"
    assert said_of(f'stream.{key} = "{column}"') == f"stream.{key}: {said}"


def test_the_id_may_be_the_entity() -> None:
    described('stream.id = "card"', 'stream.entity = "card"')


@pytest.mark.parametrize(
    ("column", "keys", "says"),
    [
        ("shop", ["min = 0"], "a categorical column has no min"),
        ("shop", ["max = 9", "min = 0"], "a categorical column has no max and no min"),
        ("sum", ["unseen = 0.1"], "a continuous column has no unseen"),
        ("night", ["unseen = 0.0"], "a flag column has no unseen"),
    ],
)
def test_a_contract_that_nothing_looks_at_is_refused(
    column: str, keys: list[str], says: str
) -> None:
    said = said_of(*(f"quality.{column}.{key}" for key in keys))
    assert said == f"quality.{column}: {says}: leave it out"


@pytest.mark.parametrize(
    "key",
    [
        "quality.sum.min = 0",
        "quality.night.max = 1",
        "quality.night.nulls = 0",
        "quality.shop.nulls = 0.5",
        "quality.shop.unseen = 0",
    ],
)
def test_a_contract_that_is_looked_at_is_taken(key: str) -> None:
    described(key)


@pytest.mark.parametrize(
    ("keys", "patience", "least"),
    [
        (['rollout.patience = "23h"'], "23h", "1d"),
        (['rollout.min_duration = "8d"'], "7d", "8d"),
    ],
)
def test_a_rollout_has_the_patience_to_end_a_step(
    keys: list[str], patience: str, least: str
) -> None:
    said = said_of(*keys)
    assert said == (
        f"rollout: patience ({patience}) is shorter than min_duration ({least}): give it at least "
        "as long, or every step ends with asking a person"
    )


def test_patience_for_just_one_step_is_enough() -> None:
    described('rollout.min_duration = "7d"')
