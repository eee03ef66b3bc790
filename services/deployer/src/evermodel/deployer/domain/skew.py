"""Train/serve skew: do the two versions agree as well where the challenger decides?

Both score every row. Entities are assigned by a hash, so the rows the challenger decides and
those the champion decides in the same minutes are alike, and so is how far the two versions
agree on them, whatever each thinks; unless what the challenger is fed differs where it decides.
Agreement is a far sharper witness than either's scores: rows differ much, two answers to one row
little. Steps are strata, because the share, and with it the mix of days, changes between them.

- Alerts: each row on which exactly one version alerts is a coin: decided by the challenger, or
  not? Under the null it is so at its share of the rows. More than that is a skew, in either
  direction; the two bets are averaged, which is a fair bet again (Vovk & Wang, "E-values", 2021).
- Scores: the mean gap in log-odds, challenger less champion, on its rows less that on the other
  rows; and, averaged with it, the same of the gap's size, for what moves some scores up and others
  down. A customer's gaps repeat day after day, so rows say nothing of how sure a mean is: on the
  demo's payments a standard error by rows is too small by a factor of 2.7 after twelve days of two
  honest versions (`gap_error_by_rows_12_days` of ``python -m benchmarks judge``).
  Groups drawn by a hash of the entity tell it (Wolter, "Introduction to Variance Estimation",
  ch. 2), to whatever degree entities repeat themselves.

Both may be looked at after every window. Must never compare rows of different minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from evermodel.common.events.windows import ENTITY_GROUPS, RUNGS_PER_LOG_ODDS
from evermodel.deployer.domain.betting import wealth_of_excess, wealth_of_shift
from evermodel.deployer.domain.evidence import Agreement, Served
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import LEANING, Finding, Verdict

#: With fewer rows decided by either, the means of their groups are a fiction.
LEAST_ROWS = 200

Count = Callable[[Agreement], int]
MISSED: Count = attrgetter("champion_alone")
RAISED: Count = attrgetter("challenger_alone")

#: What is summed by groups of entities.
Sums = Callable[[Agreement], tuple[int, ...]]
GAPS: Sums = attrgetter("group_gaps")
SPREADS: Sums = attrgetter("group_spreads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One step's rows, by who decided them. Each has some."""

    own: Agreement
    other: Agreement

    @property
    def share(self) -> float:
        """The challenger's share of the rows."""
        return self.own.rows / (self.own.rows + self.other.rows)

    @property
    def weight(self) -> float:
        """How much it tells of a difference of two means: least where one has hardly any rows."""
        return self.own.rows * (1.0 - self.share)


def alerts(steps: tuple[Served, ...], policy: Policy) -> Finding:
    """Return whether one version alerts alone more often where the challenger decides."""
    strata = _strata(steps)
    missed, raised = _excess(strata, MISSED), _excess(strata, RAISED)
    evidence = (_bet(strata, MISSED, policy) + _bet(strata, RAISED, policy)) / 2
    return _finding(
        "skew_alerts",
        strata,
        evidence,
        policy,
        worth=max(missed, raised) >= policy.least_excess * policy.alert_budget,
        detail=f"where it decides, {raised:+.2%} of the rows more have an alert of its own and "
        f"{missed:+.2%} one of the champion's alone",
    )


def scores(steps: tuple[Served, ...], policy: Policy) -> Finding:
    """Return whether its scores lie elsewhere, against the champion's, where it decides."""
    strata = _strata(steps)
    gap, spread = _shift(strata, GAPS), _shift(strata, SPREADS)
    evidence = (_evidence(strata, GAPS, policy) + _evidence(strata, SPREADS, policy)) / 2
    return _finding(
        "skew_scores",
        strata,
        evidence,
        policy,
        worth=max(abs(gap), abs(spread)) >= policy.least_shift,
        detail=f"where it decides, its scores are shifted by {gap:+.3f} in log-odds against "
        f"the champion's, and lie {spread:+.3f} further apart",
    )


def _finding(
    check: str,
    strata: tuple[Stratum, ...],
    evidence: float,
    policy: Policy,
    *,
    worth: bool,
    detail: str,
) -> Finding:
    n, bound = sum(s.own.rows for s in strata), 1 / policy.skew_alpha
    verdict: Verdict = "pass" if n else "no_evidence"
    if worth and evidence >= bound * LEANING:
        verdict = "fail" if evidence >= bound else "no_evidence"
    return Finding(
        check=check,
        verdict=verdict,
        value=evidence,
        bound=bound,
        n=n,
        detail=f"{detail} (evidence of skew {evidence:.2g}, proof {bound:.3g})"
        if n
        else "no rows decided by each tell how far the two agree",
    )


def _strata(steps: tuple[Served, ...]) -> tuple[Stratum, ...]:
    pairs = ((s.by_challenger.agreement, s.by_champion.agreement) for s in steps)
    return tuple(Stratum(own=a, other=b) for a, b in pairs if a.rows and b.rows)


def _fewest(strata: tuple[Stratum, ...]) -> int:
    """Return how many rows the one decided that decided fewer."""
    return min(sum(s.own.rows for s in strata), sum(s.other.rows for s in strata))


def _bet(strata: tuple[Stratum, ...], count: Count, policy: Policy) -> float:
    tosses = ((count(s.own), count(s.other), s.share) for s in strata)
    return wealth_of_excess(tosses, clustering=policy.clustering)


def _excess(strata: tuple[Stratum, ...], count: Count) -> float:
    """Return how much larger the share of such rows is where the challenger decides."""
    return _mean(strata, lambda s: count(s.own) / s.own.rows - count(s.other) / s.other.rows)


def _evidence(strata: tuple[Stratum, ...], of: Sums, policy: Policy) -> float:
    if _fewest(strata) < LEAST_ROWS:
        return 1.0
    return wealth_of_shift(
        _shift(strata, of),
        variance=_variance(strata, of),
        likely=policy.likely_shift,
        degrees=ENTITY_GROUPS - 1,
    )


def _shift(strata: tuple[Stratum, ...], of: Sums) -> float:
    """Return the difference of the two means, in log-odds."""
    return _mean(strata, lambda s: _per_row(s.own, of) - _per_row(s.other, of))


def _variance(strata: tuple[Stratum, ...], of: Sums) -> float:
    """Return the variance of ``_shift``, by how much each group of entities moves it."""
    pulls = (_mean(strata, partial(_pull, group=g, of=of)) for g in range(ENTITY_GROUPS))
    return sum(pull**2 for pull in pulls) * ENTITY_GROUPS / (ENTITY_GROUPS - 1)


def _pull(stratum: Stratum, *, group: int, of: Sums) -> float:
    return _moved(stratum.own, group, of) - _moved(stratum.other, group, of)


def _moved(rows: Agreement, group: int, of: Sums) -> float:
    """Return how far one group's rows move the mean of all."""
    own = of(rows)[group] / RUNGS_PER_LOG_ODDS
    return (own - _per_row(rows, of) * rows.group_rows[group]) / rows.rows


def _per_row(rows: Agreement, of: Sums) -> float:
    return sum(of(rows)) / rows.rows / RUNGS_PER_LOG_ODDS


def _mean(strata: tuple[Stratum, ...], value: Callable[[Stratum], float]) -> float:
    total = sum(s.weight for s in strata)
    return sum(s.weight * value(s) for s in strata) / total if total else 0.0
