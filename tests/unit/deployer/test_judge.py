"""The judge on counts a person can picture."""

from dataclasses import replace
from datetime import timedelta

from evermodel.common.events.windows import SCORE_BINS
from evermodel.deployer.domain.evidence import Agreement, Evidence, Outcomes, Pair, Served, Tally
from evermodel.deployer.domain.judge import judge, judge_promoted
from evermodel.deployer.domain.verdicts import Judgement
from tests.unit.deployer.policy import DAY, POLICY


def tally(rows: int, *, alerts: float = 0.01, low: float = 0.95, failed: int = 0) -> Tally:
    """`low`: share of rows in the lowest bin; the rest lies in the middle, alerts at the top."""
    answered = rows - failed
    high = round(answered * alerts)
    bottom = min(round(answered * low), answered - high)
    middle = answered - high - bottom
    histogram = [0] * SCORE_BINS
    histogram[0], histogram[9], histogram[-1] = bottom, middle, high
    return Tally(rows=rows, failed=failed, alerts=high, histogram=tuple(histogram))


def pair(champion: Tally, challenger: Tally) -> Pair:
    """Two versions whose alerts fall on the same rows, as far as there are as many."""
    more = challenger.alerts - champion.alerts
    agreement = Agreement(
        rows=min(champion.answered, challenger.answered),
        champion_alone=max(0, -more),
        challenger_alone=max(0, more),
    )
    return Pair(champion=champion, challenger=challenger, agreement=agreement)


def shadowing(champion: Tally, challenger: Tally, *, elapsed: timedelta = DAY) -> Judgement:
    served = Served(by_champion=pair(champion, challenger))
    evidence = Evidence(step=served)
    return judge(evidence, step=0, elapsed=elapsed, policy=POLICY)


def deciding(
    decided: Pair, shadowed: Pair, *, outcomes: Outcomes | None = None, elapsed: timedelta = DAY
) -> Judgement:
    served = Served(by_champion=shadowed, by_challenger=decided)
    evidence = Evidence(step=served, outcomes=outcomes or Outcomes())
    return judge(evidence, step=1, elapsed=elapsed, policy=POLICY)


def failures(judgement: Judgement) -> set[str]:
    return {f.check for f in judgement.findings if f.verdict == "fail"}


ALIKE = pair(tally(9000), tally(9000))


def test_nothing_counted_is_not_yet() -> None:
    assert shadowing(Tally(), Tally()).answer == "not_yet"


def test_too_few_rows_are_not_yet_however_good_they_look() -> None:
    assert shadowing(tally(199), tally(199)).answer == "not_yet"


def test_too_short_a_time_is_not_yet_however_many_rows() -> None:
    assert shadowing(tally(9000), tally(9000), elapsed=DAY / 2).answer == "not_yet"


def test_enough_of_the_same_is_good() -> None:
    assert shadowing(tally(9000), tally(9000)).answer == "good"
    assert deciding(pair(tally(1000), tally(1000)), ALIKE).answer == "good"


def test_a_challenger_whose_champion_scored_nothing_on_its_rows_is_not_yet() -> None:
    assert deciding(pair(Tally(), tally(1000)), ALIKE).answer == "not_yet"


def test_a_challenger_that_rightly_alerts_less_than_a_drifted_champion_is_good() -> None:
    drifted = tally(9000, alerts=0.12, low=0.5)

    judgement = shadowing(drifted, tally(9000, alerts=0.006))

    assert judgement.answer == "good"
    assert "no yardstick" in next(
        f.detail for f in judgement.findings if f.check == "score_distance"
    )


def test_a_challenger_that_rightly_alerts_more_than_a_blind_champion_is_good() -> None:
    assert shadowing(tally(9000, alerts=0.001), tally(9000, alerts=0.015)).answer == "good"


def test_a_flood_of_alerts_is_bad() -> None:
    assert "alert_rate" in failures(shadowing(tally(1000), tally(1000, alerts=0.12)))


def test_silence_where_the_champion_alerts_is_bad() -> None:
    assert "alert_rate" in failures(shadowing(tally(30000), tally(30000, alerts=0.0)))


def test_a_few_alerts_more_on_a_few_rows_prove_nothing() -> None:
    assert failures(shadowing(tally(50, alerts=0.0), tally(50, alerts=0.08))) == set()


def test_alerts_of_the_same_customers_count_for_less_than_they_look() -> None:
    """Both beyond the band: so far that rows on their own could not lie there by chance."""
    alone = replace(POLICY, clustering=1.0)
    flood = Evidence(step=Served(by_champion=pair(tally(600), tally(600, alerts=64 / 600))))
    silence = Evidence(step=Served(by_champion=pair(tally(9900), tally(9900, alerts=0.0))))
    for evidence in (flood, silence):
        assert failures(judge(evidence, step=0, elapsed=DAY, policy=POLICY)) == set()
        assert failures(judge(evidence, step=0, elapsed=DAY, policy=alone)) == {"alert_rate"}


def test_scores_of_the_same_customers_count_for_less_than_they_look() -> None:
    apart = Evidence(step=Served(by_champion=pair(tally(1000), tally(1000, low=0.63))))
    alone = replace(POLICY, clustering=1.0)

    assert failures(judge(apart, step=0, elapsed=DAY, policy=POLICY)) == set()
    assert failures(judge(apart, step=0, elapsed=DAY, policy=alone)) == {"score_distance"}


def test_what_was_counted_on_earlier_steps_is_kept_step_by_step() -> None:
    first, second = Served(by_champion=ALIKE), Served(by_challenger=ALIKE)
    found = Evidence().with_served(first).next_step().with_served(second)

    assert found.strata == (first, second)
    assert found.total == first + second
    assert found.next_step().strata == (first, second, Served())


def test_a_handful_of_rows_in_another_bin_is_not_another_world_of_scores() -> None:
    """Without a row on the far side of an edge its variance is small, not nought."""
    few = shadowing(tally(4, alerts=0.0, low=1.0), tally(4, alerts=0.0, low=0.0))

    assert failures(few) == set()


def test_another_world_of_scores_is_bad() -> None:
    assert failures(shadowing(tally(5000), tally(5000, low=0.5))) == {"score_distance"}


def test_rows_that_differ_for_both_versions_are_no_skew() -> None:
    odd_customers = pair(tally(1000, low=0.75), tally(1000, low=0.75))

    assert deciding(odd_customers, ALIKE).answer == "good"


def test_alerts_that_differ_only_where_it_decides_are_bad() -> None:
    decided = pair(tally(1000, alerts=0.01, low=0.93), tally(1000, alerts=0.05, low=0.93))

    assert "skew_alerts" in failures(deciding(decided, ALIKE))


def test_unanswered_rows_are_bad_once_they_cannot_be_chance() -> None:
    one = deciding(pair(tally(1000), tally(1000, failed=1)), pair(tally(100), tally(100)))
    many = deciding(pair(tally(1000), tally(1000, failed=60)), ALIKE)

    assert failures(one) == set()
    assert "serving_failed" in failures(many)


def test_frauds_lost_are_bad_once_proved() -> None:
    few = Outcomes(frauds=60, frauds_champion_only=4, frauds_challenger_only=1)
    many = Outcomes(frauds=60, frauds_champion_only=16, frauds_challenger_only=2)
    decided = pair(tally(1000), tally(1000))

    assert failures(deciding(decided, ALIKE, outcomes=few)) == set()
    assert failures(deciding(decided, ALIKE, outcomes=many)) == {"paired_frauds"}


def test_frauds_lost_are_forgiven_while_false_alarms_saved_pay_for_them() -> None:
    decided = pair(tally(1000), tally(1000))
    paid = Outcomes(
        frauds=513,
        frauds_champion_only=43,
        frauds_challenger_only=13,
        genuine_challenger_only=2,
        genuine_champion_only=96,
    )
    cheap = replace(paid, genuine_champion_only=12)

    assert failures(deciding(decided, ALIKE, outcomes=paid)) == set()
    assert deciding(decided, ALIKE, outcomes=paid).answer == "good"
    assert failures(deciding(decided, ALIKE, outcomes=cheap)) == {"paired_frauds"}


def test_no_false_alarms_saved_pay_for_a_loss_beyond_the_margin() -> None:
    blind = Outcomes(frauds=300, frauds_champion_only=130, genuine_champion_only=900)

    assert failures(deciding(pair(tally(1000), tally(1000)), ALIKE, outcomes=blind)) == {
        "paired_frauds"
    }


def test_false_alarms_alone_are_no_loss_of_frauds() -> None:
    extra = Outcomes(frauds=60, genuine_challenger_only=60, genuine_champion_only=30)

    assert failures(deciding(pair(tally(1000), tally(1000)), ALIKE, outcomes=extra)) == set()


def test_a_loss_that_is_likely_but_not_proved_holds_the_share() -> None:
    leaning = Outcomes(frauds=60, frauds_champion_only=8, frauds_challenger_only=1)

    assert deciding(pair(tally(1000), tally(1000)), ALIKE, outcomes=leaning).answer == "not_yet"


def test_a_proved_but_tiny_loss_is_not_worth_undoing() -> None:
    tiny = Outcomes(frauds=100_000, frauds_champion_only=300, frauds_challenger_only=200)

    assert "paired_frauds" not in failures(
        deciding(pair(tally(1000), tally(1000)), ALIKE, outcomes=tiny)
    )


def test_false_alarms_out_of_proportion_are_bad_unless_they_bought_frauds() -> None:
    costly = Outcomes(frauds=60, genuine_challenger_only=60, genuine_champion_only=2)
    bought = Outcomes(
        frauds=60,
        frauds_challenger_only=25,
        frauds_champion_only=1,
        genuine_challenger_only=60,
        genuine_champion_only=2,
    )
    decided = pair(tally(1000), tally(1000))

    assert failures(deciding(decided, ALIKE, outcomes=costly)) == {"paired_false_alarms"}
    assert failures(deciding(decided, ALIKE, outcomes=bought)) == set()


def test_a_promotion_is_good_only_when_the_horizon_has_passed() -> None:
    served = Served(by_challenger=pair(tally(9000), tally(9000)))
    evidence = Evidence(step=served)

    assert judge_promoted(evidence, elapsed=13 * DAY, policy=POLICY).answer == "not_yet"
    assert judge_promoted(evidence, elapsed=14 * DAY, policy=POLICY).answer == "good"


def test_every_finding_says_its_numbers() -> None:
    for finding in deciding(pair(tally(1000), tally(1000)), ALIKE).findings:
        assert finding.detail
        assert finding.bound > 0


def test_false_alarms_out_of_proportion_undo_a_promotion_as_well() -> None:
    costly = Outcomes(frauds=60, genuine_challenger_only=60, genuine_champion_only=2)
    served = Served(by_challenger=pair(tally(9000), tally(9000)))
    evidence = Evidence(step=served, outcomes=costly)

    judgement = judge_promoted(evidence, elapsed=DAY, policy=POLICY)
    assert failures(judgement) == {"paired_false_alarms"}
