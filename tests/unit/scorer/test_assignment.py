from hypothesis import given
from hypothesis import strategies as st

from evermodel.scorer.domain.assignment import Share, assign, place_of, places_of

ENTITIES = [f"card-{number}" for number in range(20_000)]


def members(*, weight: float, salt: str) -> set[str]:
    shares = [Share(2, weight), Share(1, 100.0)]
    places = places_of(ENTITIES, salt=salt)
    return {e for e, p in zip(ENTITIES, places, strict=True) if assign(p, shares) == 2}


@given(st.text(), st.text())
def test_a_place_is_in_the_circle_and_always_the_same(entity: str, salt: str) -> None:
    place = place_of(entity, salt=salt)
    assert 0.0 <= place < 100.0
    assert places_of([entity, entity], salt=salt) == [place, place]


@given(st.text(min_size=1), st.integers(0, 100), st.integers(0, 100))
def test_who_is_in_at_a_share_stays_in_at_a_larger_one(entity: str, one: int, other: int) -> None:
    place = place_of(entity, salt="fraud/v2")
    small, large = sorted((one, other))
    if assign(place, [Share(2, small), Share(1, 100)]) == 2:
        assert assign(place, [Share(2, large), Share(1, 100)]) == 2


def test_shares_hold_what_they_say() -> None:
    for weight in (1, 10, 20, 50):
        share = len(members(weight=weight, salt="fraud/v2")) / len(ENTITIES)
        sd = (weight / 100 * (1 - weight / 100) / len(ENTITIES)) ** 0.5
        assert abs(share - weight / 100) < 5 * sd


def test_another_rollout_draws_another_cohort() -> None:
    first, second = (members(weight=10, salt=f"fraud/v{v}") for v in (2, 3))
    both = len(first & second) / len(ENTITIES)
    assert abs(both - 0.01) < 0.005  # as two independent draws of 10 % would


def test_a_place_never_changes_between_releases() -> None:
    # The number is a promise: with another, every customer would change sides on an upgrade.
    assert place_of("card-1", salt="fraud/v2") == 0.5675277531042133
