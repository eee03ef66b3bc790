"""Which of many alike are tried by every ``make test``: one; the rest by ``make test-faults``."""

from collections.abc import Iterable

import pytest


def whole_but(quick: str, names: Iterable[str]) -> list[object]:
    """Return `names` as parameters, all of them ``whole`` but `quick`."""
    every = list(names)
    assert quick in every
    return [
        name if name == quick else pytest.param(name, marks=pytest.mark.whole) for name in every
    ]
