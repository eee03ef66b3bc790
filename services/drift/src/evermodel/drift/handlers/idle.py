"""The partitions that a window does not wait for."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Idle:
    """The partitions of each stream that are waited for no longer.

    `labels_unheard`: the labels are not waited for either though nothing was ever heard of them.
    """

    scored: AbstractSet[int] = frozenset()
    labels: AbstractSet[int] = frozenset()
    labels_unheard: bool = False
