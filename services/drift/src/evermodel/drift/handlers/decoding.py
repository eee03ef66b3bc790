"""From records to columns. A record that cannot be taken in is rejected with its reason.

The fast path assumes that all is well and checks whole columns; only when one is not does the
slow path look for the rows at fault.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Generic, TypeVar

import numpy as np

from evermodel.common.events.codec import header
from evermodel.common.events.hot import LabelRow, ScoredRow, decode_label, decode_scored
from evermodel.common.events.traffic import Feature, Watermark
from evermodel.common.kernel.errors import Foreign, Poison
from evermodel.common.messaging.api import Rejected
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import FeatureKind, ModelDescription
from evermodel.drift.domain.grid import micros
from evermodel.drift.domain.rows import Integers, Labels, Rows
from evermodel.profile.columns import Column

Models = Mapping[str, ModelDescription]
R = TypeVar("R", ScoredRow, LabelRow)

_NUMBERS: set[type] = {float, int, type(None)}
_ALLOWED: Mapping[FeatureKind, set[type]] = {
    "continuous": _NUMBERS,
    "flag": {*_NUMBERS, bool},
    "categorical": {str, int, bool, float, type(None)},
}
#: The lake keeps the numbers of versions in 32 bits.
MOST_VERSIONS = 2**31 - 1
#: As many as one row may name. Counters grow with the pairs of them, and a scorer loads three.
MOST_NAMED = 16
#: One spelling for each, or two names in a row were one version; none is nought, which no event
#: can say. `isdecimal` takes the digits of every script.
_VERSION = re.compile("[1-9][0-9]{0,9}")

_WATERMARK = ("ce_type", Watermark.TYPE.encode())


@dataclass(slots=True)
class Segment(Generic[R]):
    """Rows of one model in a row with the records they came in, then perhaps a watermark.

    `features`: of scored rows, once they are known to be sound.
    """

    rows: list[R] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    features: dict[str, Column] = field(default_factory=dict)
    watermark: int | None = None
    marked: Record | None = None


def decode(
    records: Sequence[Record],
    decoder: Callable[[bytes | None], R],
    *,
    models: Models,
    rejected: list[Rejected],
) -> dict[str, list[Segment[R]]]:
    """Return the segments of each model, in offset order; what cannot be read is rejected."""
    segments: dict[str, list[Segment[R]]] = {}
    for record in records:
        try:
            if _is_watermark(record):
                mark = _watermark(record)
                _known(mark.model, models)
                last = segments.setdefault(mark.model, [Segment()])[-1]
                last.watermark, last.marked = micros(mark.time), record
                segments[mark.model].append(Segment())
                continue
            row = decoder(record.value)
            _known(row.model, models)
        except (Poison, Foreign) as error:
            rejected.append(Rejected(record, error))
            continue
        last = segments.setdefault(row.model, [Segment()])[-1]
        last.rows.append(row)
        last.records.append(record)
    return segments


def decode_rows(
    records: Sequence[Record], *, models: Models, rejected: list[Rejected]
) -> dict[str, list[Segment[ScoredRow]]]:
    """Return scored rows; every row left has the features of its model, of the right types."""
    decoded = decode(records, decode_scored, models=models, rejected=rejected)
    for name, segments in decoded.items():
        for segment in segments:
            features = _features(segment.rows, models[name])
            if features is None:
                _sift(segment, models[name], rejected)
                features = _features(segment.rows, models[name]) or {}
            segment.features = features
    return decoded


def decode_labels(
    records: Sequence[Record], *, models: Models, rejected: list[Rejected]
) -> dict[str, list[Segment[LabelRow]]]:
    """Return labels."""
    return decode(records, decode_label, models=models, rejected=rejected)


def rows_of(segment: Segment[ScoredRow]) -> Rows:
    """Return the segment's rows by column."""
    rows = segment.rows
    scores, alerts = [row.scores for row in rows], [row.alerts for row in rows]
    versions = sorted({*set().union(*scores), *set().union(*alerts)}, key=int)
    return Rows(
        offsets=np.array([record.offset for record in segment.records], dtype=np.int64),
        times=_times([row.time.timestamp() for row in rows]),
        ids=[row.id for row in rows],
        entities=[row.entity for row in rows],
        features=segment.features,
        scores={int(v): [s.get(v) for s in scores] for v in versions},
        alerts={int(v): [a.get(v) for a in alerts] for v in versions},
        failed=[[int(v) for v in row.failed] if row.failed else () for row in rows],
        decided_by=[row.decided_by for row in rows],
        decisions=[row.decision for row in rows],
        propensities=[row.propensity for row in rows],
        references=[row.reference for row in rows],
    )


def labels_of(segment: Segment[LabelRow]) -> Labels:
    """Return the segment's labels by column."""
    return Labels(
        offsets=np.array([record.offset for record in segment.records], dtype=np.int64),
        known_at=_times([row.known_at.timestamp() for row in segment.rows]),
        ids=[row.id for row in segment.rows],
        labels=[row.label for row in segment.rows],
        sources=[row.source for row in segment.rows],
    )


def _is_watermark(record: Record) -> bool:
    return _WATERMARK in record.headers


def _watermark(record: Record) -> Watermark:
    try:
        return Watermark.model_validate_json(record.value or b"", extra="ignore")
    except ValueError as error:
        subject = header(record.headers, "ce_subject")
        raise Poison(f"a watermark of {subject or 'no model'}: {error}") from error


def _known(model: str, models: Models) -> None:
    if model not in models:
        raise Foreign(f"no model is named {model!r}: known are {', '.join(sorted(models))}")


def _times(seconds: list[float]) -> Integers:
    """Return whole microseconds; a double holds them exactly until the year 2112."""
    return np.round(np.array(seconds, dtype=np.float64) * 1e6).astype(np.int64)


def _features(rows: Sequence[ScoredRow], model: ModelDescription) -> dict[str, Column] | None:
    """Return the features by column; None when a row is not sound."""
    if not _are_versions(rows) or any(row.alerts.keys() - row.scores.keys() for row in rows):
        return None
    given, columns = [row.features for row in rows], {}
    try:
        for name in model.features.names:
            columns[name] = _column([f[name] for f in given], model.features.kind(name))
    except (KeyError, TypeError, OverflowError):
        return None
    return columns


def _column(values: list[Feature], kind: FeatureKind) -> Column:
    """Return `values` as they are counted.

    Raises:
        TypeError: one is not of the kind.
        OverflowError: one is infinite, or will be as a double.
    """
    if not set(map(type, values)) <= _ALLOWED[kind]:
        raise TypeError(kind)
    if kind == "categorical":
        return values
    column = np.array(values, dtype=np.float64)
    if np.isinf(column).any():
        raise OverflowError(kind)
    return column


def _are_versions(rows: Sequence[ScoredRow]) -> bool:
    if any((row.decided_by or 0) > MOST_VERSIONS for row in rows):
        return False
    named = (names for row in rows for names in (row.scores, row.alerts, row.failed))
    everyone = set[str]().union(*named)
    if len(everyone) >= MOST_NAMED and any(len(_named(row)) > MOST_NAMED for row in rows):
        return False
    return all(_is_version(version) for version in everyone)


def _named(row: ScoredRow) -> set[str]:
    decided = () if row.decided_by is None else (str(row.decided_by),)
    return {*row.scores, *row.alerts, *row.failed, *decided}


def _sift(segment: Segment[ScoredRow], model: ModelDescription, rejected: list[Rejected]) -> None:
    kept = []
    for row, record in zip(segment.rows, segment.records, strict=True):
        fault = _fault(row, model)
        if fault is None:
            kept.append((row, record))
        else:
            rejected.append(Rejected(record, Poison(fault)))
    segment.rows = [row for row, _ in kept]
    segment.records = [record for _, record in kept]


def _fault(row: ScoredRow, model: ModelDescription) -> str | None:
    for name in model.features.names:
        if name not in row.features:
            return f"feature {name} is missing (null is a value, absence is not)"
        value, kind = row.features[name], model.features.kind(name)
        if type(value) not in _ALLOWED[kind]:
            return f"feature {name}: {type(value).__name__} is not {kind}"
        if isinstance(value, (int, float)) and not _finite(value):
            return f"feature {name}: {value!r:.40} is out of range"
    return _fault_of_versions(row)


def _fault_of_versions(row: ScoredRow) -> str | None:
    named = _named(row)
    for version in sorted(named):
        if not _is_version(version):
            return f"{version!r:.40} is not the number of a version"
    if len(named) > MOST_NAMED:
        return f"it names {len(named)} versions, more than {MOST_NAMED}"
    unasked = row.alerts.keys() - row.scores.keys()
    if unasked:
        return f"version {min(unasked, key=int)} gave an alert and no score"
    return None


def _is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None and int(text) <= MOST_VERSIONS


def _finite(value: float) -> bool:
    try:
        return isfinite(float(value))
    except OverflowError:
        return False
