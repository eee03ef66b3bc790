"""How many versions one window of one partition may count.

Counters grow with each version and with each pair of them, and go out as one event. An upstream
that writes an id where the number of a version belongs would make them larger than a topic takes,
and no row after that could close the window.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from evermodel.drift.domain.grid import Grid
from evermodel.drift.domain.rows import Rows

#: A window sees a champion, a challenger and a former champion, and the next ones on a busy day.
MOST_IN_A_WINDOW = 32


def crowded_out(rows: Rows, known: Mapping[int, AbstractSet[int]], grid: Grid) -> dict[int, int]:
    """Return the places of `rows` with a version too many for their window, and which it is.

    `known`: the versions that each open window has counted, by its start.
    """
    if len(_everyone(rows).union(*known.values())) <= MOST_IN_A_WINDOW:
        return {}
    counted = {start: set(versions) for start, versions in known.items()}
    crowded = {}
    for at, time in enumerate(rows.times.tolist()):
        window = counted.setdefault(grid.start(time), set())
        named = _named(rows, at)
        if len(window | named) > MOST_IN_A_WINDOW:
            crowded[at] = min(named - window)
        else:
            window |= named
    return crowded


def _everyone(rows: Rows) -> set[int]:
    decided = {version for version in rows.decided_by if version is not None}
    return {*rows.scores, *decided}.union(*rows.failed)


def _named(rows: Rows, at: int) -> set[int]:
    scored = {version for version, column in rows.scores.items() if column[at] is not None}
    decided = rows.decided_by[at]
    return {*scored, *rows.failed[at], *(() if decided is None else (decided,))}
