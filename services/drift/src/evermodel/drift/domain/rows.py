"""Rows of one model and one partition, by column: the form in which the windower counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.profile.columns import Column

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows in offset order. All columns are equally long.

    `times`: microseconds since the epoch. `scores`, `alerts`: by version; None where a version
    gave no score to a row. `failed`: for each row the versions that gave no usable answer.
    """

    offsets: Integers
    times: Integers
    ids: Sequence[str]
    entities: Sequence[str]
    features: Mapping[str, Column]
    scores: Mapping[int, Sequence[float | None]]
    alerts: Mapping[int, Sequence[bool | None]]
    failed: Sequence[Sequence[int]]
    decided_by: Sequence[int | None]
    decisions: Sequence[str]
    propensities: Sequence[float]
    references: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.times)

    def take(self, at: Integers) -> "Rows":
        """Return the rows at the positions `at`."""
        if len(at) == len(self):
            return self
        listed = at.tolist()
        return Rows(
            offsets=self.offsets[at],
            times=self.times[at],
            ids=_pick(self.ids, listed),
            entities=_pick(self.entities, listed),
            features={
                name: column[at] if isinstance(column, np.ndarray) else _pick(column, listed)
                for name, column in self.features.items()
            },
            scores={v: _pick(column, listed) for v, column in self.scores.items()},
            alerts={v: _pick(column, listed) for v, column in self.alerts.items()},
            failed=_pick(self.failed, listed),
            decided_by=_pick(self.decided_by, listed),
            decisions=_pick(self.decisions, listed),
            propensities=_pick(self.propensities, listed),
            references=_pick(self.references, listed),
        )


def _pick(column: Sequence[object], at: Sequence[int]) -> list:  # type: ignore[type-arg]  # of what it holds
    return [column[i] for i in at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of one model and one partition in offset order; times in microseconds."""

    offsets: Integers
    known_at: Integers
    ids: Sequence[str]
    labels: Sequence[int]
    sources: Sequence[str]

    def __len__(self) -> int:
        return len(self.known_at)

    def take(self, at: Integers) -> "Labels":
        """Return the labels at the positions `at`."""
        listed = at.tolist()
        return Labels(
            offsets=self.offsets[at],
            known_at=self.known_at[at],
            ids=_pick(self.ids, listed),
            labels=_pick(self.labels, listed),
            sources=_pick(self.sources, listed),
        )
