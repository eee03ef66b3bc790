"""The training set: the lake's rows of a span, with their labels as known at one time.

Duplicates are resolved by id, the latest label wins, windows that failed quality stay out.
Rows come in order of time and id, so the same plan over the same lake gives the same rows in
the same order, whatever files they lie in; the digest says so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import Feature, features_of
from evermodel.artefact.columns import BadColumns, prepare
from evermodel.common.kernel.errors import Permanent
from evermodel.lake.cohort import Cohort, open_cohort
from evermodel.lake.columns import ID, TIME, UNLABELLED, feature_column
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.ports import Plan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows in order of time. `times` in microseconds since 1970, `labels` 1, 0 or -1 (none)."""

    ids: npt.NDArray[np.object_]
    times: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]
    columns: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, mask: npt.NDArray[np.bool_]) -> "Rows":
        """Return the rows that `mask` keeps."""
        return Rows(
            ids=self.ids[mask],
            times=self.times[mask],
            labels=self.labels[mask],
            columns={name: column[mask] for name, column in self.columns.items()},
        )

    def between(self, start: datetime, end: datetime) -> "Rows":
        """Return the rows of ``start <= time < end``."""
        return self.where((self.times >= micros(start)) & (self.times < micros(end)))

    def labelled(self) -> "Rows":
        """Return the rows whose label is known."""
        return self.where(self.labels != UNLABELLED)

    @property
    def frauds(self) -> int:
        """How many are known to be fraud."""
        return int((self.labels == 1).sum())

    def digest(self) -> str:
        """Return ``sha256:...`` over every value in order."""
        total = hashlib.sha256(self.times.tobytes() + self.labels.tobytes())
        for name, column in {"": self.ids, **self.columns}.items():
            total.update(f"\0{name}\0".encode())
            text = column.dtype == object
            total.update("\0".join(column).encode() if text else column.tobytes())
        return f"sha256:{total.hexdigest()}"


def micros(time: datetime) -> int:
    """Return microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def time_of(at: int) -> datetime:
    """Return the time that `micros` gives as `at`."""
    return _EPOCH + timedelta(microseconds=int(at))


def read_rows(plan: Plan) -> Rows:
    """Return the rows of the plan's span, labelled or not.

    Raises:
        Refused: there are none, a feature is missing or of the wrong kind, a file is broken.
        Transient: the lake does not answer.
    """
    features = features_of(plan.model.features)
    try:
        rows = _joined(plan, features)
    except Permanent as error:
        raise Refused(str(error)) from error
    return rows.where(_kept(rows, plan))


def _joined(plan: Plan, features: Sequence[Feature]) -> Rows:
    names = [feature_column(feature.name) for feature in features]
    with open_cohort(
        Path(plan.lake),
        plan.model.name,
        start=plan.span.start,
        end=plan.span.end,
        known_before=plan.as_of,
        window=plan.model.windows.length,
        threads=plan.threads,
    ) as cohort:
        _check_columns(cohort, features, plan)
        labels, found = cohort.read([ID, TIME, *names])
    return Rows(
        ids=_objects(found[ID].tolist()),
        times=np.asarray(found[TIME]).astype("datetime64[us]").astype(np.int64),
        labels=labels,
        columns=_prepared(features, [found[name] for name in names]),
    )


def _check_columns(cohort: Cohort, features: Sequence[Feature], plan: Plan) -> None:
    if not cohort.columns:
        days = f"from {plan.span.start:%Y-%m-%d} to {plan.span.end:%Y-%m-%d}"
        raise Refused(f"no rows in the lake {days}")
    missing = [f.name for f in features if feature_column(f.name) not in cohort.columns]
    if missing:
        raise Refused(f"the lake has no column {', '.join(map(repr, missing))}")


def _prepared(features: Sequence[Feature], found: Sequence[Any]) -> dict[str, npt.NDArray[Any]]:
    values = {f.name: _values(column, f) for f, column in zip(features, found, strict=True)}
    try:
        return prepare(values, features=features)
    except BadColumns as error:
        raise Refused(str(error)) from error


def _values(column: Any, feature: Feature) -> Any:
    """Return the column with its nulls as None, or as NaN where it holds numbers anyway."""
    if feature.kind != "categorical" and column.dtype.kind == "f":
        return np.ma.filled(column, np.nan)
    return column.tolist()


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _kept(rows: Rows, plan: Plan) -> npt.NDArray[np.bool_]:
    kept = np.ones(len(rows), dtype=np.bool_)
    for span in plan.left_out:
        kept &= (rows.times < micros(span.start)) | (rows.times >= micros(span.end))
    return kept
