"""Where each feature's counts lie in a window's one vector of counts.

Adding two windows is then one vector addition, and a window's state is one block of bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.profile.columns import Floats
from evermodel.profile.schema import FeatureKind

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """A continuous feature: bins ``(-inf, e1], (e1, e2], ..., (ek, inf)``, then nulls."""

    feature: str
    edges: Floats

    kind: FeatureKind = "continuous"

    @property
    def size(self) -> int:
        """Cells in the vector: the bins and the nulls."""
        return len(self.edges) + 2

    @property
    def cells(self) -> int:
        """Cells that are a distribution: all of them."""
        return self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A categorical feature or flag: its levels, then other, nulls, and of other the unseen.

    `rare` levels are known and pooled into other. `open_ended`: the reference had too many
    levels to remember them, so that unseen is not counted.
    """

    feature: str
    kind: FeatureKind
    levels: tuple[str, ...]
    rare: frozenset[str] = frozenset()
    open_ended: bool = False

    @property
    def size(self) -> int:
        """Cells in the vector."""
        return len(self.levels) + 3

    @property
    def cells(self) -> int:
        """Cells that are a distribution: unseen rows are already in other."""
        return len(self.levels) + 2


Part = Edges | Levels


class Layout:
    """The parts of a reference, one after the other."""

    __slots__ = ("_offsets", "parts", "size")

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._offsets: dict[str, tuple[int, Part]] = {}
        offset = 0
        for part in self.parts:
            self._offsets[part.feature] = (offset, part)
            offset += part.size
        self.size = offset

    def __iter__(self) -> Iterator[tuple[int, Part]]:
        return iter(self._offsets.values())

    def part(self, feature: str) -> Part:
        """Return the part of `feature`."""
        return self._offsets[feature][1]

    def slice(self, feature: str) -> slice:
        """Return where all counts of `feature` lie."""
        offset, part = self._offsets[feature]
        return slice(offset, offset + part.size)

    def distribution(self, vector: Counts, feature: str) -> Counts:
        """Return the counts of `feature` that sum to its rows."""
        offset, part = self._offsets[feature]
        return vector[..., offset : offset + part.cells]

    def by_feature(self, vector: Counts) -> Mapping[str, list[int]]:
        """Return the counts of each feature as lists."""
        return {part.feature: vector[o : o + part.size].tolist() for o, part in self}
