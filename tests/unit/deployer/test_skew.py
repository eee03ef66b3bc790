"""Skew: two versions agree less where the challenger decides than where it shadows."""

from dataclasses import replace
from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import ENTITY_GROUPS
from evermodel.deployer.domain import skew
from evermodel.deployer.domain.evidence import Agreement, Pair, Served
from tests.unit.deployer.policy import POLICY

NORMAL = NormalDist()
#: A spread of the groups' means that looks like chance: normal quantiles, the mean is zero.
CHANCE = tuple(NORMAL.inv_cdf((g + 0.5) / ENTITY_GROUPS) for g in range(ENTITY_GROUPS))


def agreement(
    rows: int,
    *,
    missed: int = 0,
    raised: int = 0,
    shift: float = 0.0,
    spread: float = 0.0,
    apart: float = 5.0,
) -> Agreement:
    """`shift` and `spread`: of the groups' mean gaps, in log-odds; `apart`: the gaps' mean size."""
    each = rows // ENTITY_GROUPS
    return Agreement(
        rows=each * ENTITY_GROUPS,
        champion_alone=missed,
        challenger_alone=raised,
        group_rows=(each,) * ENTITY_GROUPS,
        group_gaps=tuple(round(each * 10 * (shift + spread * x)) for x in CHANCE),
        group_spreads=tuple(round(each * 10 * (apart + abs(shift) + spread * x)) for x in CHANCE),
    )


def step(own: Agreement, other: Agreement) -> Served:
    return Served(by_challenger=Pair(agreement=own), by_champion=Pair(agreement=other))


def shadow(rows: Agreement) -> Served:
    return Served(by_champion=Pair(agreement=rows))


def test_alerts_only_the_champion_raises_where_the_challenger_decides_are_a_skew() -> None:
    blind = step(agreement(1600, missed=20), agreement(14400, missed=36))

    assert skew.alerts((blind,), POLICY).verdict == "fail"


def test_alerts_only_the_challenger_raises_where_it_decides_are_a_skew() -> None:
    loud = step(agreement(1600, raised=20), agreement(14400, raised=36))

    assert skew.alerts((loud,), POLICY).verdict == "fail"


def test_a_skew_is_seen_though_the_alert_rate_does_not_move() -> None:
    other = agreement(14400, missed=36, raised=36)
    elsewhere = step(agreement(1600, missed=20, raised=20), other)

    assert skew.alerts((elsewhere,), POLICY).verdict == "fail"


def test_versions_that_disagree_everywhere_alike_are_not_skewed() -> None:
    honest = step(agreement(1600, missed=160, raised=80), agreement(14400, missed=1440, raised=720))

    assert skew.alerts((honest,), POLICY).verdict == "pass"


def test_more_agreement_where_it_decides_is_no_skew_of_alerts() -> None:
    closer = step(agreement(1600), agreement(14400, missed=400, raised=400))

    assert skew.alerts((closer,), POLICY).verdict == "pass"


def test_a_skew_that_one_step_cannot_show_is_shown_by_several() -> None:
    little = step(agreement(1600, missed=12), agreement(14400, missed=36))

    assert skew.alerts((little,), POLICY).verdict == "pass"
    assert skew.alerts((little,) * 4, POLICY).verdict == "fail"


def test_a_likely_skew_is_neither_a_pass_nor_a_proof() -> None:
    likely = step(agreement(1600, missed=17), agreement(14400, missed=36))

    assert skew.alerts((likely,), POLICY).verdict == "no_evidence"


def test_days_that_differ_between_steps_are_no_skew() -> None:
    """Most rows of a late step are its own: pooled, whatever changed would look like skew."""
    early = step(agreement(1600, missed=2, shift=0.0), agreement(14400, missed=18))
    late = step(
        agreement(14400, missed=360, shift=1.0, spread=0.1),
        agreement(1600, missed=40, shift=1.0, spread=0.1),
    )

    assert skew.alerts((early, late), POLICY).verdict == "pass"
    assert skew.scores((early, late), POLICY).verdict == "pass"


def test_the_shadow_alone_has_nothing_to_compare() -> None:
    for check in (skew.alerts, skew.scores):
        assert check((shadow(agreement(16000, missed=16)),), POLICY).verdict == "no_evidence"
        assert check((), POLICY).verdict == "no_evidence"


def test_shadow_rows_change_nothing() -> None:
    deciding = step(agreement(1600, missed=20, shift=0.1), agreement(14400, missed=36, spread=0.2))
    before = shadow(agreement(16000, missed=999, shift=3.0))

    for check in (skew.alerts, skew.scores):
        assert check((before, deciding), POLICY) == check((deciding,), POLICY)


def test_repeated_rows_of_one_entity_count_for_less_than_they_look() -> None:
    repeats = step(agreement(1600, missed=17), agreement(14400, missed=36))

    assert skew.alerts((repeats,), POLICY).verdict == "no_evidence"
    assert skew.alerts((repeats,), replace(POLICY, clustering=1.0)).verdict == "fail"


def test_scores_that_are_shifted_where_it_decides_are_a_skew() -> None:
    for shift in (0.3, -0.3):
        shifted = step(agreement(1600, shift=shift, spread=0.2), agreement(14400, spread=0.1))
        finding = skew.scores((shifted,), POLICY)

        assert finding.verdict == "fail"
        assert f"{shift:+.1f}" in finding.detail


def test_scores_that_are_moved_to_and_fro_where_it_decides_are_a_skew() -> None:
    other = agreement(14400, spread=0.1, apart=0.5)
    moved = skew.scores((step(agreement(1600, spread=0.2, apart=0.8), other),), POLICY)
    alike = skew.scores((step(agreement(1600, spread=0.2, apart=0.5), other),), POLICY)

    assert (moved.verdict, alike.verdict) == ("fail", "pass")
    assert "+0.3" in moved.detail


def test_windows_counted_without_spreads_are_judged_by_their_gaps() -> None:
    def bare(rows: Agreement) -> Agreement:
        return replace(rows, group_spreads=(0,) * ENTITY_GROUPS)

    other = bare(agreement(14400, spread=0.1))
    shifted = step(bare(agreement(1600, shift=0.3, spread=0.2)), other)
    honest = step(bare(agreement(1600, spread=0.2)), other)

    assert skew.scores((shifted,), POLICY).verdict == "fail"
    assert skew.scores((honest,), POLICY).verdict == "pass"


def test_a_shift_in_all_its_scores_is_no_skew() -> None:
    honest = step(agreement(1600, shift=1.5, spread=0.2), agreement(14400, shift=1.5, spread=0.1))

    assert skew.scores((honest,), POLICY).verdict == "pass"


def test_entities_that_differ_much_make_the_same_shift_chance() -> None:
    calm = step(agreement(1600, shift=0.2, spread=0.1), agreement(14400, spread=-0.1))
    wild = step(agreement(1600, shift=0.2, spread=1.0), agreement(14400, spread=-1.0))

    assert skew.scores((calm,), POLICY).verdict == "fail"
    assert skew.scores((wild,), POLICY).verdict == "pass"


def test_a_proved_shift_that_changes_next_to_nothing_is_not_worth_undoing() -> None:
    tiny = step(agreement(320_000, shift=0.015, spread=0.001), agreement(320_000, spread=0.001))

    finding = skew.scores((tiny,), POLICY)
    assert finding.value > finding.bound
    assert finding.verdict == "pass"


def test_alerts_that_a_skew_proved_adds_next_to_nothing_to_are_not_worth_undoing() -> None:
    rows = 3_200_000
    tiny = step(agreement(rows, raised=3000), agreement(rows, raised=2000))

    finding = skew.alerts((tiny,), POLICY)
    assert finding.value > finding.bound
    assert finding.verdict == "pass"


def test_a_handful_of_rows_proves_no_shift() -> None:
    few = step(agreement(skew.LEAST_ROWS - 8, shift=3.0, spread=0.1), agreement(14400, spread=0.1))

    assert skew.scores((few,), POLICY).verdict == "pass"


def test_the_variance_of_a_shift_is_that_of_the_groups() -> None:
    rows = 3_200_000
    own, other = agreement(rows, spread=0.4), agreement(rows, spread=0.3)
    # Both sides' groups lean the same way, as CHANCE has them: their difference is 0.1 of it.
    scale = sum(x * x for x in CHANCE) / (ENTITY_GROUPS - 1) / ENTITY_GROUPS

    strata = skew._strata((step(own, other),))
    assert sqrt(skew._variance(strata, skew.GAPS)) == pytest.approx(0.1 * sqrt(scale), rel=0.002)


def test_a_step_counts_by_how_many_rows_each_decided_on_it() -> None:
    many = step(agreement(16_000, spread=0.1), agreement(16_000, spread=0.1))
    for few in (
        step(agreement(32, shift=1.0), agreement(16_000)),
        step(agreement(16_000, shift=1.0), agreement(32)),
    ):
        assert 0.001 < skew._shift(skew._strata((many, few)), skew.GAPS) < 0.01


@given(st.permutations(range(4)))
def test_the_order_of_steps_decides_nothing(order: list[int]) -> None:
    steps = [
        step(
            agreement(1600 * (n + 1), missed=n, raised=3 - n, shift=n / 10, spread=0.3),
            agreement(14400, missed=9, spread=0.2),
        )
        for n in range(4)
    ]
    for check in (skew.alerts, skew.scores):
        one = check(tuple(steps), POLICY)
        other = check(tuple(steps[n] for n in order), POLICY)

        assert one.verdict == other.verdict
        assert one.value == pytest.approx(other.value)
