"""Paired outcomes: labelled rows on which exactly one of the two versions alerted.

Rows where both or neither did say nothing about which is better. Of the others each is a coin
toss between the versions; ``betting`` gives a test that may be looked at after every cohort.
"""

from evermodel.deployer.domain.betting import wealth, wealth_of_mean
from evermodel.deployer.domain.evidence import Outcomes
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import LEANING, Finding, Verdict


def frauds(outcomes: Outcomes, policy: Policy) -> Finding:
    """Return whether the challenger is proved to miss frauds that the champion catches.

    Proved and small is not enough: a loss under `least_loss` of all frauds is not worth undoing.
    Nor is a loss within `margin` that false alarms saved pay for: after a drift a champion may
    catch more only because it alerts on more. That it is larger, or not paid for, must be proved
    as well; the mean of two wealths is one against both.
    """
    lost, won = outcomes.frauds_champion_only, outcomes.frauds_challenger_only
    unforgiven = (_beyond_margin(outcomes, policy) + _unpaid(outcomes, policy)) / 2
    evidence, bound = min(wealth(lost, won), unforgiven), 1 / policy.alpha
    loss = (lost - won) / outcomes.frauds if outcomes.frauds else 0.0
    verdict: Verdict = "pass" if lost + won else "no_evidence"
    if evidence >= bound and loss >= policy.least_loss:
        verdict = "fail"
    elif evidence >= bound * LEANING:
        verdict = "no_evidence"
    return Finding(
        check="paired_frauds",
        verdict=verdict,
        value=evidence,
        bound=bound,
        n=lost + won,
        detail=f"of {outcomes.frauds} labelled frauds the champion alone caught {lost}, it alone "
        f"{won}, with {outcomes.genuine_champion_only} and {outcomes.genuine_challenger_only} "
        f"false alarms of their own (evidence of a loss that is not paid for {evidence:.2g}, "
        f"proof {bound:.3g})",
        needed=evidence >= bound * LEANING,
    )


def _beyond_margin(outcomes: Outcomes, policy: Policy) -> float:
    lost, won = outcomes.frauds_champion_only, outcomes.frauds_challenger_only
    alike = outcomes.frauds - lost - won
    margin = policy.margin
    return wealth_of_mean(((lost, 1 - margin), (alike, -margin), (won, -1 - margin)))


def _unpaid(outcomes: Outcomes, policy: Policy) -> float:
    return wealth_of_mean(
        (
            (outcomes.frauds_champion_only, policy.fraud_worth),
            (outcomes.frauds_challenger_only, -policy.fraud_worth),
            (outcomes.genuine_challenger_only, 1.0),
            (outcomes.genuine_champion_only, -1.0),
        )
    )


def false_alarms(outcomes: Outcomes, policy: Policy) -> Finding:
    """Return whether its extra false alarms are proved out of proportion and bought nothing.

    The null allows `alert_rate_ratio` false alarms of its own for each of the champion's.
    """
    more, fewer = outcomes.genuine_challenger_only, outcomes.genuine_champion_only
    allowed = policy.alert_rate_ratio / (1 + policy.alert_rate_ratio)
    evidence, bound = wealth(more, fewer, p0=allowed), 1 / policy.alpha
    gained = wealth(outcomes.frauds_challenger_only, outcomes.frauds_champion_only) >= bound
    verdict: Verdict = "pass" if more + fewer else "no_evidence"
    if evidence >= bound and not gained:
        verdict = "fail"
    bought = "; paid for in frauds caught" if gained else ""
    return Finding(
        check="paired_false_alarms",
        verdict=verdict,
        value=evidence,
        bound=bound,
        n=more + fewer,
        detail=f"false alarms: {more} its own, {fewer} the champion's own (evidence of excess "
        f"{evidence:.2g}, proof {bound:.3g}){bought}",
        needed=False,
    )
