"""Evidently's data-drift report on the two samples, told in the rule's own measures.

Its own tests are not used: they answer whether two samples differ at all (with 20,000 rows they
always do), its chi-squared is of fit and not of homogeneity, its bins are as wide as the largest
amount makes them. So each feature is measured again by SciPy on the raw rows, as the largest
difference of the distribution functions or the total variation, and held against the gate of
the verdict: what people see is the verdict, counted a second time by other means.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset
from scipy.stats import ks_2samp

from evermodel.common.events.drift import DriftDetected
from evermodel.common.kernel.levels import level_text
from evermodel.drift.adapters.lake_samples import LakeSamples
from evermodel.drift.adapters.report_papers import PICTURES, SCORES, Order
from evermodel.profile.schema import Schema

#: Of features that the verdict has no gate for.
_USUAL_GATE = 0.05

#: Of the features: one that moved is a drift, as in the rule.
_ANY = 0.001


_LOOK_ALIKES = str.maketrans("<>", "\u2039\u203a")


def draw(order: Order, folder: Path) -> None:
    """Write the report as a page and as JSON into `folder`.

    Raises:
        NothingToSample: a window has no rows in the lake.
    """
    verdict = order.alarm.verdict
    samples = LakeSamples(order.lake, rows=order.rows, seed=order.seed)
    reference = samples.reference(verdict)
    before = samples.trained(verdict, reference)
    after = samples.drifted(verdict, reference)
    page = _page(before, after, schema=reference.schema, verdict=verdict)
    page.save_html(str(folder / PICTURES))
    (folder / SCORES).write_text(page.json(), encoding="utf-8")


def _page(
    before: pd.DataFrame, after: pd.DataFrame, *, schema: Schema, verdict: DriftDetected
) -> Any:
    before, after = (frame.rename(columns=_harmless) for frame in (before, after))
    continuous = [_harmless(name) for name in schema.continuous]
    # Evidently refuses a column without a single value; the verdict has its nulls.
    numbers = [n for n in continuous if before[n].notna().any() and after[n].notna().any()]
    levels = [_harmless(name) for name in (*schema.categorical, *schema.flag)]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=levels)
    gates = {_harmless(evidence.feature): evidence.gate for evidence in verdict.evidence}
    report = Report(
        [
            DataDriftPreset(
                columns=[*numbers, *levels],
                drift_share=_ANY,
                num_method=_registered(_DISTANCE, _distance),
                cat_method=_registered(_VARIATION, _variation),
                per_column_threshold={n: gates.get(n, _USUAL_GATE) for n in (*numbers, *levels)},
            )
        ],
        include_tests=True,
    )
    old, new = (
        Dataset.from_pandas(_as_drawn(frame, numbers, levels), definition)
        for frame in (before, after)
    )
    return report.run(new, old)


def _harmless(text: str) -> str:
    """Return `text` without what begins or ends an element: Evidently writes it into a script.

    Levels come from payments: a merchant called ``</script><script>...`` ran in the browser of
    whoever opened the page.
    """
    return text.translate(_LOOK_ALIKES)


def _as_drawn(frame: pd.DataFrame, numbers: list[str], levels: list[str]) -> pd.DataFrame:
    """Return the columns that are drawn; null is a level of its own, as in the rule."""
    drawn = frame[numbers].copy()
    for name in levels:
        drawn[name] = [_harmless(level_text(value)) or "(null)" for value in frame[name].tolist()]
    return drawn


_DISTANCE = StatTest(
    name="cdf_distance",
    display_name="largest CDF difference (D)",
    allowed_feature_types=[ColumnType.Numerical],
    default_threshold=_USUAL_GATE,
)
_VARIATION = StatTest(
    name="total_variation",
    display_name="total variation",
    allowed_feature_types=[ColumnType.Categorical],
    default_threshold=_USUAL_GATE,
)


def _registered(test: StatTest, measure: Any) -> StatTest:
    register_stattest(test, measure)
    return test


def _distance(
    before: "pd.Series[float]", after: "pd.Series[float]", _kind: ColumnType, gate: float
) -> tuple[float, bool]:
    distance = float(ks_2samp(before, after).statistic)
    return distance, distance >= gate


def _variation(
    before: "pd.Series[str]", after: "pd.Series[str]", _kind: ColumnType, gate: float
) -> tuple[float, bool]:
    one, other = before.value_counts(normalize=True), after.value_counts(normalize=True)
    variation = float(one.sub(other, fill_value=0).abs().sum()) / 2
    return variation, variation >= gate
