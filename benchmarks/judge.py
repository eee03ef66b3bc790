"""The judge beside the rules people use: how often each takes back a good version, and a bad one.

Labelled frauds: both versions saw each fraud; discordant ones are coins. The peers are a binomial
test looked at after every fraud (SciPy), and the usual canary rule: recall of the last batch under
0.85 three times in a row means abort.

Rollouts: two honest models on real rows (``--data FILE``, in the form of the handbook's) or on the
demo generator's, rolled out again and again by the deployer's own state machine, from other days
and with other customers each time, to the end of the watch. Then the same with the amount skewed
where the challenger decides. The peer is a two-sample Kolmogorov test (SciPy) at p < 0.01 after
each window: of the two groups' decisive scores, as a canary analysis does it, which takes an
honest difference between two models for a fault; and of the challenger's scores where it decides
against its own where it shadows, which is the question our judge asks.

Moved worlds: the demo's drift, seed by seed; a champion from before it and a challenger retrained
as the demo's is, thresholds by F1. The peer is the bet on frauds alone, each version at its own
threshold. The same challenger with half its alerts, where that loses more than the margin, is one
to take back.

Habits: how much too small a standard error by rows is for what two honest versions differ by, as
customers come again day after day. It is why the judge counts by groups of customers.

Intervals are Clopper and Pearson's. The rollouts share days and two models, so they are less
independent than the intervals assume.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import logit

from benchmarks.challenges import Floats, Stage, Whole, blunted, moved, stage, turned
from benchmarks.figures import Figure, Figures, rate
from benchmarks.rollouts import Ending, play
from evermodel.deployer.domain.betting import wealth

ALPHA = 0.05
FRAUDS = 300
#: What the amount is multiplied by where the challenger decides: small to large, up and down.
SKEWS = (1.1, 1.15, 1.2, 1.25, 1.5, 2.0, 10.0, 0.9, 0.8, 0.7, 0.5, 0.1)
QUICK_SKEWS = (1.25, 2.0)
POWER = 0.9
#: How many days' rows are taken together: a window, and a step that lasts.
SPANS = (1, 12)
TAKEN_BACK = {"aborted", "rolled_back"}

_wealth = lru_cache(maxsize=None)(wealth)


def measure(*, quick: bool, data: Path | None = None) -> Figures:
    """Return error rates, power by the size of a skew, and how long a proof takes."""
    skews = QUICK_SKEWS if quick else SKEWS
    made = stage(data, skews=skews)
    return {
        **_paired(runs=100 if quick else 2_000),
        **_habits(made),
        **_honest(made, count=20 if quick else 630),
        **_skewed(made, skews=skews, count=8 if quick else 30),
        **_moved(worlds=1 if quick else 10),
    }


def _paired(*, runs: int) -> dict[str, Figure]:
    rng = np.random.default_rng(20180601)
    alike = [rng.random(FRAUDS) < 0.5 for _ in range(runs)]
    ours = sum(_first_proof(coins) is not None for coins in alike)
    looked_at = sum(_first_p_value(coins) is not None for coins in alike)
    usual = sum(_usual_rule(rng, recall=0.87) for _ in range(runs))
    unit = f"pairs of equals, {FRAUDS} discordant frauds"
    figures = {
        "good_taken_back_paired": rate(ours, runs, unit=unit),
        "good_taken_back_binomial_test": rate(looked_at, runs, unit=unit, peer="scipy"),
        "good_taken_back_usual_rule": rate(
            usual, runs, unit="of recall 0.87 against 0.85", peer="threshold"
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


def _habits(made: Stage) -> dict[str, Figure]:
    gaps = logit(made.challenger) - logit(made.champion)
    alerts = _alerts(made)
    alone = np.asarray(alerts[0] != alerts[1], dtype=np.float64)
    figures = {}
    for days in SPANS:
        starts = range(int(made.days.min()), int(made.days.max()) + 2 - days)
        spans = [(made.days >= start) & (made.days < start + days) for start in starts]
        unit = f"times too small, median of {len(spans)} spans of {days} days"
        for name, values in (("gap", gaps), ("lone_alert", alone)):
            found = [repetition(values[rows], made.entity[rows]) for rows in spans]
            figures[f"{name}_error_by_rows_{days}_days"] = Figure(median(found), unit)
    return figures


def repetition(values: Floats, entities: Whole) -> float:
    """Return the standard error of a mean, drawn by entities, over the one drawn by rows."""
    off = values - values.mean()
    by_entity = np.bincount(entities, weights=off)
    return float(np.sqrt((by_entity**2).sum() / (off**2).sum()))


def _honest(made: Stage, *, count: int) -> dict[str, Figure]:
    both = (made, turned(made))
    endings = [
        play(both[n % 2], start=start, salt=f"honest-{n}")
        for n, start in enumerate(_starts(made, count))
    ]
    unit = "honest rollouts and their watches"
    return {
        "good_taken_back": _share(endings, TAKEN_BACK, unit=unit),
        "good_held": _share(endings, {"held"}, unit=unit),
        "good_called_bad_kolmogorov": rate(
            sum(e.peer_objects for e in endings), len(endings), unit=unit, peer="scipy"
        ),
        "good_called_bad_kolmogorov_own_shadow": rate(
            sum(e.fair_peer_objects for e in endings), len(endings), unit=unit, peer="scipy"
        ),
    }


def _moved(*, worlds: int) -> dict[str, Figure]:
    stages = [moved(seed) for seed in range(1, worlds + 1)]
    played = [
        (made, start, f"moved-{seed}") for seed, made in enumerate(stages) for start in made.starts
    ]
    better = [play(made, start=start, salt=salt) for made, start, salt in played]
    halved = [
        play(blunted(made), start=start, salt=salt)
        for made, start, salt in played
        if _loss(blunted(made)) > made.model.gates.margin
    ]
    unit = f"rollouts of a retrained version in {worlds} worlds that moved"
    return {
        "moved_f1_of_champion": Figure(median(_f1(made, 0) for made in stages), "median of worlds"),
        "moved_f1_of_challenger": Figure(
            median(_f1(made, 1) for made in stages), "median of worlds"
        ),
        "moved_challenger_better": rate(
            sum(_f1(made, 1) > _f1(made, 0) for made in stages), worlds, unit="worlds, by F1"
        ),
        "moved_taken_back": _share(better, TAKEN_BACK, unit=unit),
        "moved_called_bad_by_frauds_alone": rate(
            sum(ending.frauds_alone_object for ending in better),
            len(better),
            unit=unit,
            peer="a bet on the frauds alone",
        ),
        "moved_half_the_alerts_taken_back": _share(
            halved,
            TAKEN_BACK,
            unit="rollouts of it with half its alerts and a loss over the margin",
        ),
    }


def _f1(made: Stage, version: int) -> float:
    """Return the F1 of one version on the rows that are played: 0 the champion, 1 the other."""
    alerts = _alerts(made)[version]
    return float(2 * (alerts & made.frauds).sum() / (alerts.sum() + made.frauds.sum()))


def _loss(made: Stage) -> float:
    """Return the share of all frauds that the challenger catches less of than the champion."""
    champion, challenger = (alerts & made.frauds for alerts in _alerts(made))
    return float((champion.sum() - challenger.sum()) / made.frauds.sum())


def _alerts(made: Stage) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    return made.champion >= made.thresholds[0], made.challenger >= made.thresholds[1]


def _skewed(made: Stage, *, skews: Sequence[float], count: int) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    seen = {}
    for by in skews:
        endings = [
            play(made, start=start, salt=f"skewed-{n}", skew=by)
            for n, start in enumerate(_starts(made, count))
        ]
        name, unit = f"amount_times_{by:g}", "rollouts"
        seen[by] = figures[f"{name}_aborted"] = _share(endings, {"aborted"}, unit=unit)
        figures[f"{name}_aborted_or_undone_by_labels"] = _share(endings, TAKEN_BACK, unit=unit)
        figures[f"{name}_called_bad_kolmogorov_own_shadow"] = rate(
            sum(e.fair_peer_objects for e in endings), len(endings), unit=unit, peer="scipy"
        )
        aborted = [e for e in endings if e.action == "aborted"]
        if aborted:
            figures[f"{name}_windows_to_abort"] = Figure(
                median(e.days for e in aborted), "windows in which it decided, median"
            )
            figures[f"{name}_rows_to_abort"] = Figure(
                median(e.rows for e in aborted), "rows it had decided, median"
            )
    detected = [by for by in skews if seen[by].value >= POWER]
    for name, factors in (
        ("smallest_amount_factor_above_1", sorted(by for by in skews if by > 1)),
        ("largest_amount_factor_below_1", sorted((by for by in skews if by < 1), reverse=True)),
    ):
        found = [by for by in factors if by in detected]
        if found:
            unit = f"of {', '.join(f'{by:g}' for by in factors)}"
            figures[f"{name}_at_90_percent_power"] = Figure(found[0], unit)
    return figures


def _starts(made: Stage, count: int) -> Iterable[int]:
    """Return `count` days to begin on, every day as often as every other."""
    rounds = range(count // len(made.starts) + 1)
    return [start for _, start in product(rounds, made.starts)][:count]


def _share(endings: Sequence[Ending], actions: set[str], *, unit: str) -> Figure:
    return rate(sum(e.action in actions for e in endings), len(endings), unit=unit)
