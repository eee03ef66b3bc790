from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.rollout import Role
from evermodel.scorer.domain.plan import Plan, Player, assigned, plan_of

ENTITIES = [f"card-{number}" for number in range(2_000)]

CHAMPION = Player(version=1, role="champion", weight=80, threshold=0.5)
CANARY = Player(version=2, role="challenger", weight=20, threshold=0.5)


def plan(*players: Player, ready: set[int]) -> Plan:
    return plan_of(players, ready=ready, salt="s", reference="ref")


def test_a_canary_decides_for_its_share_and_the_champion_for_the_rest() -> None:
    both = plan(CHAMPION, CANARY, ready={1, 2})
    whose = assigned(ENTITIES, plan=both)
    assert 300 < whose.count(2) < 500
    assert whose.count(1) + whose.count(2) == len(ENTITIES)
    assert (both.chance(1), both.chance(2)) == (0.8, 0.2)


def test_the_share_of_a_version_that_is_not_ready_falls_to_the_champion() -> None:
    alone = plan(CHAMPION, CANARY, ready={1})
    assert set(assigned(ENTITIES, plan=alone)) == {1}
    assert alone.chance(1) == 1.0


def test_without_its_champion_the_former_one_decides_and_a_canary_gets_no_more_than_its_share() -> (
    None
):
    former = Player(version=3, role="former_champion", weight=0, threshold=0.5)
    left = plan(CHAMPION, CANARY, former, ready={2, 3})
    assert (left.chance(2), left.chance(3)) == (0.2, 0.8)
    only = plan(CHAMPION, CANARY, ready={2})
    assert only.chance(2) == 0.2
    assert set(assigned(ENTITIES, plan=only)) == {2, None}


def test_nobody_decides_before_a_first_champion() -> None:
    assert set(assigned(ENTITIES, plan=plan(ready=set()))) == {None}


players = st.builds(
    lambda roles, cut: tuple(
        Player(version=n + 1, role=role, weight=w, threshold=0.5)
        for n, (role, w) in enumerate(zip(roles, (cut, 100 - cut, 0), strict=False))
    ),
    st.permutations(get_args(Role)),
    st.integers(0, 100),
)


@given(players, st.sets(st.sampled_from([1, 2, 3])))
def test_whatever_is_ready_a_challenger_never_gains_and_shares_never_exceed_the_whole(
    some: tuple[Player, ...], ready: set[int]
) -> None:
    made = plan(*some, ready=ready)
    chances = {p.version: made.chance(p.version) for p in some}
    assert sum(chances.values()) <= 1.0 + 1e-9
    for player in some:
        if player.role == "challenger":
            assert chances[player.version] <= player.weight / 100 + 1e-9
        if player.version not in ready:
            assert chances[player.version] == 0.0
    if any(p.version in ready and p.role != "challenger" for p in some):
        assert abs(sum(chances.values()) - 1.0) < 1e-9
