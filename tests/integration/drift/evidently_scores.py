"""What Evidently says of one column, asked in a process of its own: it alters NumPy on import."""

from collections.abc import Sequence

import pandas as pd


def evidently_score(
    reference: Sequence[float] | Sequence[str], window: Sequence[float] | Sequence[str], method: str
) -> float:
    """Return the drift score of `window` by `method`: a distance or a p-value."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415  # see the module
    from evidently.metrics import ValueDrift  # noqa: PLC0415

    numbers = isinstance(reference[0], float)
    kinds = DataDefinition(
        numerical_columns=["x"] if numbers else [], categorical_columns=[] if numbers else ["x"]
    )
    before, after = (
        Dataset.from_pandas(pd.DataFrame({"x": values}), kinds) for values in (reference, window)
    )
    snapshot = Report([ValueDrift(column="x", method=method)]).run(after, before)
    return float(snapshot.dict()["metrics"][0]["value"])
