"""The judge: is this challenger good, bad, or is it too early to say?

Pure functions of counts and policy. Every comparison is of two versions on the same rows, so
that what happens in the world cannot be blamed on a version:

- on the rows the challenger decided (in the shadow: all rows), challenger against champion:
  a wide band, because after a real drift an honest new model *should* answer differently, and
  a champion that alerts beyond its own budget is no yardstick;
- train/serve skew, the sharpest test: how far the two versions agree on the rows the challenger
  decided, against how far they do on the rows the champion decided. Entities are assigned by a
  hash, so the two groups of rows are alike and only the serving path differs;
- labelled rows where exactly one of the two alerted, by a sequential test valid at every look.

No data is never good.
"""

from datetime import timedelta

from evermodel.deployer.domain import bands, labelled, skew
from evermodel.deployer.domain.counting import poisson_at_least
from evermodel.deployer.domain.evidence import Evidence, Pair, Served
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import Finding, Judgement, Verdict, conclude


def judge(evidence: Evidence, *, step: int, elapsed: timedelta, policy: Policy) -> Judgement:
    """Return the answer for a challenger that has been on `step` for `elapsed` event time."""
    rows = _rows_of_step(evidence.step, step)
    findings = [
        _enough_rows(rows, policy),
        _enough_time(elapsed, policy),
        _serving(evidence.total, policy),
        bands.alert_rate(rows, policy),
        bands.score_distance(rows, policy),
    ]
    if step > 0:
        findings += [skew.alerts(evidence.strata, policy)]
        findings += [skew.scores(evidence.strata, policy)]
    findings += [labelled.frauds(evidence.outcomes, policy)]
    findings += [labelled.false_alarms(evidence.outcomes, policy)]
    return conclude(tuple(findings))


def judge_promoted(evidence: Evidence, *, elapsed: timedelta, policy: Policy) -> Judgement:
    """Return the answer for a new champion; its predecessor still scores the same rows.

    Good means that the label horizon has passed without a proof against it.
    """
    return conclude(
        (
            _horizon(elapsed, policy),
            _serving(evidence.step, policy),
            bands.alert_rate(evidence.step.by_challenger, policy),
            labelled.frauds(evidence.outcomes, policy),
            labelled.false_alarms(evidence.outcomes, policy),
        )
    )


def _rows_of_step(served: Served, step: int) -> Pair:
    return served.by_champion if step == 0 else served.by_challenger


def _enough_rows(rows: Pair, policy: Policy) -> Finding:
    n = min(rows.challenger.answered, rows.champion.answered)
    return Finding(
        check="rows",
        verdict="pass" if n >= policy.min_rows else "no_evidence",
        value=n,
        bound=policy.min_rows,
        n=n,
        detail=f"{n} rows scored by both of the {policy.min_rows} needed on this step",
    )


def _enough_time(elapsed: timedelta, policy: Policy) -> Finding:
    needed = policy.min_duration
    return Finding(
        check="duration_seconds",
        verdict="pass" if elapsed >= needed else "no_evidence",
        value=elapsed.total_seconds(),
        bound=needed.total_seconds(),
        n=0,
        detail=f"{elapsed} of event time of the {needed} needed on this step",
    )


def _horizon(elapsed: timedelta, policy: Policy) -> Finding:
    return Finding(
        check="label_horizon_seconds",
        verdict="pass" if elapsed >= policy.label_horizon else "no_evidence",
        value=elapsed.total_seconds(),
        bound=policy.label_horizon.total_seconds(),
        n=0,
        detail=f"{elapsed} of the {policy.label_horizon} in which late labels may undo it",
    )


def _serving(served: Served, policy: Policy) -> Finding:
    failed, asked = served.challenger_failed
    share = failed / asked if asked else 0.0
    unlikely = poisson_at_least(failed, asked * policy.max_failed) < policy.look_alpha
    verdict: Verdict = "no_evidence"
    if asked and share <= policy.max_failed:
        verdict = "pass"
    elif asked and unlikely:
        verdict = "fail"
    return Finding(
        check="serving_failed",
        verdict=verdict,
        value=share,
        bound=policy.max_failed,
        n=asked,
        detail=f"{failed} of {asked} rows went unanswered; {policy.max_failed:.2%} may",
    )
