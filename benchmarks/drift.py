"""One window against its reference: the profile's counters beside SciPy and Evidently.

Each works as it is meant to: ours counts the window and compares counters; SciPy tests raw
rows (two-sample Kolmogorov-Smirnov, chi-squared); Evidently runs its default drift preset.
"""

import warnings

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.figures import Figure, Figures
from benchmarks.streams import CONTINUOUS, FLAGS, SCHEMA, Rows, rows_of, window_of
from benchmarks.timing import turn_about
from evermodel.profile.assessment import assess
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import ALL

TRAINING_DAYS = 28
ALPHA = 0.01


def measure(*, quick: bool) -> Figures:
    """Return milliseconds per window of 10,000 rows and 15 features."""
    rows = 5_000 if quick else 10_000
    rng = np.random.default_rng(7)
    training = [rows_of(rng, rows=rows) for _ in range(TRAINING_DAYS)]
    reference = build_reference(
        [window_of(day, day=n) for n, day in enumerate(training)], schema=SCHEMA, min_rows=100
    )
    past = {name: np.concatenate([day[name] for day in training]) for name in SCHEMA.names}
    window = rows_of(rng, rows=rows)
    frames = pd.DataFrame(window), pd.DataFrame(past)
    seconds = turn_about(
        {
            "ours": lambda: judged(window, reference),
            "scipy": lambda: tested(window, past),
            "evidently": lambda: evidently_flags(*frames),
        }
    )
    ours = seconds["ours"]
    return {
        "window_ms": Figure(ours * 1e3, "ms"),
        "window_ms_scipy": Figure(
            seconds["scipy"] * 1e3, "ms", f"scipy, {rows} rows", seconds["scipy"] / ours
        ),
        "window_ms_evidently": Figure(
            seconds["evidently"] * 1e3, "ms", "evidently", seconds["evidently"] / ours
        ),
        "rows_per_second": Figure(rows / ours, "rows/s"),
    }


def judged(window: Rows, reference: Reference) -> set[str]:
    """Return the features the rule flags, from raw rows on."""
    found = assess(
        reference.count(window),
        reference,
        window_class=ALL,
        min_effect=0.05,
        false_discovery_rate=0.01,
    )
    return {a.feature for a in found if a.flagged}


def tested(window: Rows, past: Rows) -> set[str]:
    """Return the features that SciPy's tests reject, Bonferroni-corrected."""
    bound = ALPHA / len(SCHEMA.names)
    flagged = {n for n in CONTINUOUS if stats.ks_2samp(window[n], past[n]).pvalue < bound}
    for name in FLAGS:
        ones, others = window[name].sum(), past[name].sum()
        table = [[ones, len(window[name]) - ones], [others, len(past[name]) - others]]
        if stats.chi2_contingency(table).pvalue < bound:
            flagged.add(name)
    return flagged


def evidently_flags(window: pd.DataFrame, past: pd.DataFrame) -> set[str]:
    """Return the columns that Evidently's default preset calls drifted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's own deprecations are not what is measured
        from evidently import (  # noqa: PLC0415  # seconds to import
            Report,
        )
        from evidently.presets import (  # noqa: PLC0415
            DataDriftPreset,
        )

        said = Report([DataDriftPreset()]).run(window, past).dict()
    return {
        metric["config"]["column"]
        for metric in said["metrics"]
        if metric["config"]["type"].endswith("ValueDrift") and _drifted(metric)
    }


def _drifted(metric: dict[str, object]) -> bool:
    """A distance drifts above its threshold, a p-value below it."""
    config, value = metric["config"], metric["value"]
    assert isinstance(config, dict)
    assert isinstance(value, float)
    threshold = float(config.get("threshold", 0.1))
    return value < threshold if "p_value" in str(config["method"]) else value >= threshold
