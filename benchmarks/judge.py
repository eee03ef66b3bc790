"""The judge beside the rules people use: how often each takes back a good version, and a bad one.

Labelled frauds: both versions saw each fraud; discordant ones are coins. The peers are a binomial
test looked at after every fraud (SciPy), and the usual canary rule: recall of the last batch under
0.85 three times in a row means abort.

Served rows: customers with habits of their own repeat over the days; two versions agree but for
noise; customers are assigned by place. The peer is a two-sample Kolmogorov test (SciPy) of the
challenger's scores against the champion's, at p < 0.01, as a canary analysis does it: on the rows
each decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from statistics import median

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.figures import Figure, Figures
from evermodel.deployer.domain.betting import wealth
from evermodel.deployer.domain.evidence import BINS, Evidence, Pair, Served, Tally
from evermodel.deployer.domain.judge import judge
from evermodel.deployer.domain.policy import Policy

ALPHA = 0.05
DAY = timedelta(days=1)
FRAUDS = 300
POLICY = Policy(
    steps=(10, 20, 50, 100),
    window=DAY,
    min_duration=DAY,
    min_rows=200,
    patience=7 * DAY,
    label_horizon=14 * DAY,
    alert_budget=0.02,
    alert_rate_ratio=3.0,
    score_distance=0.25,
    alpha=ALPHA,
    max_failed=0.001,
)
CUSTOMERS, ROWS_A_DAY, THRESHOLD = 3_000, 6_000, 0.5

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_wealth = lru_cache(maxsize=None)(wealth)


def measure(*, quick: bool) -> Figures:
    """Return error rates and how much evidence it takes."""
    return {**_paired(runs=100 if quick else 2_000), **_served(runs=20 if quick else 300)}


def _paired(*, runs: int) -> dict[str, Figure]:
    rng = np.random.default_rng(20180601)
    alike = [rng.random(FRAUDS) < 0.5 for _ in range(runs)]
    ours = _share(_first_proof(coins) is not None for coins in alike)
    looked_at = _share(_first_p_value(coins) is not None for coins in alike)
    usual = _share(_usual_rule(rng, recall=0.87) for _ in range(runs))
    figures = {
        "good_taken_back_paired": Figure(ours, f"of {runs}, 300 discordant frauds"),
        "good_taken_back_binomial_test": Figure(
            looked_at, f"of {runs}, 300 discordant frauds", "scipy", _ratio(looked_at, ours)
        ),
        "good_taken_back_usual_rule": Figure(
            usual, f"of {runs}, recall 0.87 against 0.85", "threshold", _ratio(usual, ours)
        ),
    }
    for chance in (0.8, 0.7):
        coins = [rng.random(2_000) < chance for _ in range(runs)]
        stops = [_first_proof(row) or 2_000 for row in coins]
        figures[f"discordant_frauds_to_stop_at_{round(chance * 100)}"] = Figure(
            median(stops), "frauds, median"
        )
    return figures


def _first_proof(coins: npt.NDArray[np.bool_]) -> int | None:
    heads = 0
    for n, coin in enumerate(coins, start=1):
        heads += int(coin)
        if _wealth(heads, n - heads) >= 1 / ALPHA:
            return n
    return None


def _first_p_value(coins: npt.NDArray[np.bool_]) -> int | None:
    heads = np.cumsum(coins)
    n = np.arange(1, len(coins) + 1)
    found = np.flatnonzero(stats.binom.sf(heads - 1, n, 0.5) <= ALPHA)
    return int(found[0]) + 1 if len(found) else None


def _usual_rule(rng: np.random.Generator, *, recall: float) -> bool:
    """Return whether 30 batches of 20 frauds meet three bad ones in a row."""
    bad = rng.binomial(20, recall, size=30) / 20 < 0.85
    return any(bad[i : i + 3].all() for i in range(len(bad) - 2))


@dataclass(frozen=True, slots=True)
class _Stream:
    """Days of rows: whose they are, and what both versions think of them."""

    places: Floats
    champion: Floats
    challenger: Floats


def _served(*, runs: int) -> dict[str, Figure]:
    honest = [_rollout(seed, skew=0.0) for seed in range(runs)]
    skewed = [_rollout(seed, skew=1.0) for seed in range(runs)]
    ours, theirs = (_share(row[i] is not None for row in honest) for i in (0, 1))
    unit = f"of {runs} rollouts, {ROWS_A_DAY} rows a day"
    return {
        "good_taken_back_served": Figure(ours, unit),
        "good_taken_back_kolmogorov": Figure(theirs, unit, "scipy", _ratio(theirs, ours)),
        "skewed_taken_back_at_10_percent": Figure(_share(row[0] == 1 for row in skewed), unit),
        "skewed_taken_back_at_10_percent_kolmogorov": Figure(
            _share(row[1] == 1 for row in skewed), unit, "scipy"
        ),
    }


def _rollout(seed: int, *, skew: float) -> tuple[int | None, int | None]:
    """Return the step at which the judge, and the peer, took the challenger back."""
    rng = np.random.default_rng(seed)
    habits, places = rng.normal(-4.0, 1.0, CUSTOMERS), rng.random(CUSTOMERS) * 100
    evidence, ours, theirs = Evidence(), None, None
    for step, weight in enumerate((0, *POLICY.steps[:-1])):
        day = _day(rng, habits, places, weight=weight, skew=skew)
        mine = day.places < weight
        served = Served(by_champion=_pair(day, ~mine), by_challenger=_pair(day, mine))
        evidence = evidence.next_step().with_served(served)
        if ours is None and judge(evidence, step=step, elapsed=DAY, policy=POLICY).answer == "bad":
            ours = step
        if theirs is None and step and _kolmogorov(day, mine):
            theirs = step
    return ours, theirs


def _day(
    rng: np.random.Generator, habits: Floats, places: Floats, *, weight: int, skew: float
) -> _Stream:
    who = rng.integers(0, CUSTOMERS, ROWS_A_DAY)
    base = habits[who] + rng.normal(0.0, 0.7, ROWS_A_DAY)
    base = np.where(rng.random(ROWS_A_DAY) < 0.008, base + 6.0, base)
    own = base + rng.normal(0.1, 0.3, ROWS_A_DAY) + skew * (places[who] < weight)
    return _Stream(places[who], _probability(base), _probability(own))


def _kolmogorov(day: _Stream, mine: npt.NDArray[np.bool_]) -> bool:
    return bool(stats.ks_2samp(day.challenger[mine], day.champion[~mine]).pvalue < 0.01)


def _pair(day: _Stream, rows: npt.NDArray[np.bool_]) -> Pair:
    return Pair(champion=_tally(day.champion[rows]), challenger=_tally(day.challenger[rows]))


def _tally(scores: Floats) -> Tally:
    bins: Whole = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    histogram: Sequence[int] = np.bincount(bins, minlength=BINS).tolist()
    alerts = int((scores >= THRESHOLD).sum())
    return Tally(rows=len(scores), alerts=alerts, histogram=tuple(histogram))


def _probability(logits: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-logits))


def _share(answers: Iterable[bool]) -> float:
    found = list(answers)
    return sum(found) / len(found)


def _ratio(peer: float, ours: float) -> float | None:
    return peer / ours if ours else None
