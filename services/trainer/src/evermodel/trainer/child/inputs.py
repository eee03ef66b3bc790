"""How raw inputs become what the network sees: learned here, exported inside the SavedModel.

Each continuous input comes twice, standardised and as standardised signed log1p; a null takes
the median, and says so in a column of its own when training saw nulls. A category is looked
up, unseen and rare levels share index 0, which training visits on purpose.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import Feature

#: A level is worth an embedding of its own from so many rows on; so many levels at most.
RARE, MOST_LEVELS = 5, 5000
#: Standardised inputs are cut here, against overflow alone. A limit that real amounts reach
#: costs: at 10 the handbook's average precision fell from 0.765 to 0.751.
LIMIT = 1e4

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Of one number: what replaces a null, and mean and spread of it and of its logarithm."""

    name: str
    fill: np.float32
    mean: np.float32
    spread: np.float32
    log_mean: np.float32
    log_spread: np.float32
    nulls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The levels of one category that have an index of their own, from 1 on."""

    name: str
    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many numbers describe a level."""
        return min(16, max(2, math.isqrt(len(self.levels) + 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that is learned of the inputs before the network learns."""

    continuous: tuple[Scale, ...]
    flags: tuple[Scale, ...]
    categories: tuple[Vocabulary, ...]

    @property
    def width(self) -> int:
        """How many numbers a row has before the embeddings."""
        nulls = sum(s.nulls for s in (*self.continuous, *self.flags))
        return 2 * len(self.continuous) + len(self.flags) + nulls


def learn_inputs(columns: Mapping[str, npt.NDArray[Any]], features: Sequence[Feature]) -> Inputs:
    """Return what the training rows say of each input."""
    numbers = {f: scale_of(columns[f.name], name=f.name) for f in features if _numeric(f)}
    return Inputs(
        continuous=tuple(s for f, s in numbers.items() if f.kind == "continuous"),
        flags=tuple(s for f, s in numbers.items() if f.kind == "flag"),
        categories=tuple(
            vocabulary_of(columns[f.name], name=f.name) for f in features if not _numeric(f)
        ),
    )


def _numeric(feature: Feature) -> bool:
    return feature.kind != "categorical"


def scale_of(column: Floats, *, name: str) -> Scale:
    """Return the scale of a number; a column without values or variation gets spread 1."""
    known = column[~np.isnan(column)].astype(np.float64)
    if not known.size:
        known = np.zeros(1)
    logs = np.sign(known) * np.log1p(np.abs(known))
    return Scale(
        name=name,
        fill=np.float32(np.median(known)),
        mean=np.float32(known.mean()),
        spread=_spread(known),
        log_mean=np.float32(logs.mean()),
        log_spread=_spread(logs),
        nulls=bool(np.isnan(column).any()),
    )


def _spread(values: npt.NDArray[np.float64]) -> np.float32:
    spread = np.float32(values.std())
    return spread if spread > 1e-6 * max(1.0, abs(values.mean())) else np.float32(1)


def vocabulary_of(column: npt.NDArray[Any], *, name: str) -> Vocabulary:
    """Return the levels that are frequent enough, most frequent first; null ("") is a level."""
    counted = sorted(Counter(column.tolist()).items(), key=lambda item: (-item[1], item[0]))
    return Vocabulary(name=name, levels=tuple(lv for lv, n in counted[:MOST_LEVELS] if n >= RARE))
