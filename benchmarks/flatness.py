"""Whether what a process takes grows with its age: a line through the floor of each of its lives.

    MB  │      ╷ a training, a burst: given back                  floor: the least of each minute
        │ ╭──╯╵─────╯╵────── floor ──────╯╵───╮                   slope: of the floor, once grown
        └─┴ grown ─────────────────────────── age

Owns the bounds, which are said before anything is measured. What leaks is not given back, so it
raises the floor; what is in use for a moment does not. Lives of one role share a slope and have a
level of their own: a restart is no fall, and a fresh process no rise.

A process that has just begun imports, loads, fills its caches and its allocator's arenas; its first
minutes are left out: at speed each was within a few MB of its level at an age of four. A JVM takes
its heap as it pleases up to what it was allowed: of the broker's memory not the slope is judged but
the most it took.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from benchmarks.figures import Figure, Figures
from benchmarks.samples import Look, Samples
from evermodel.embedded.broker import HEAP_MB
from evermodel.embedded.broker import NAME as BROKER

#: Minutes of a life that do not count, and those beyond that it needs to say anything.
YOUNG_MINUTES, FEWEST_MINUTES = 5, 5
#: A handle more within two minutes would be thirty in an hour: that short, nothing is said.
FEWEST_HOURS = 0.1
#: Growth in an hour that is still flat: 1 MB a minute would be 1.4 GB a day.
BOUNDS = {"memory": 30.0, "handles": 6.0, "threads": 3.0}
UNITS = {"memory": "MB", "handles": "handles", "threads": "threads"}
#: What is counted in ones: a line through a single step rises by up to 1.5 of it, which in less
#: than half an hour is more than three an hour. One thing more, once, is not told from growth
#: sooner; what leaks leaves a second.
ONE_MORE = {"memory": 0.0, "handles": 1.5, "threads": 1.5}
#: What a broker's JVM needs beside its heap: classes, code, stacks of 90 threads, buffers, and the
#: pages of indices and jars that it has mapped.
BESIDE_HEAP_MB = 256
#: The most that one may take, of whom no slope is judged; MB.
LEVELS: Mapping[tuple[str, str], float] = {("memory", BROKER): HEAP_MB + BESIDE_HEAP_MB}


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth an hour; `hours`: of all lives together, that it was seen in; `longest`: of one."""

    by_hour: float
    hours: float
    longest: float

    def is_flat(self, what: str) -> bool:
        """Whether it is below the bound, or no more than one thing, once."""
        return self.by_hour <= BOUNDS[what] or self.by_hour * self.longest <= ONE_MORE[what]


def slope(lives: Sequence[Sequence[Look]], what: str) -> Slope | None:
    """Return the common slope of the floors of `lives` in `what`; None: none was old enough."""
    up = down = hours = longest = 0.0
    for looks in lives:
        floors = list(_floors(looks, what))
        if len(floors) < FEWEST_MINUTES:
            continue
        ages, values = zip(*((minute / 60, floor) for minute, floor in floors), strict=True)
        age, value = sum(ages) / len(ages), sum(values) / len(values)
        up += sum((a - age) * (v - value) for a, v in zip(ages, values, strict=True))
        down += sum((a - age) ** 2 for a in ages)
        hours += ages[-1] - ages[0]
        longest = max(longest, ages[-1] - ages[0])
    return Slope(up / down, hours, longest) if down else None


def _floors(looks: Sequence[Look], what: str) -> Iterator[tuple[int, float]]:
    """Yield each whole minute of a grown life with the least that was seen in it."""
    ended = _minute(looks[-1]) if looks else 0
    for minute, seen in groupby(looks, key=_minute):
        if YOUNG_MINUTES <= minute < ended:
            yield minute, min(float(getattr(look, what)) for look in seen)


def _minute(look: Look) -> int:
    return int(look.age // 60)


def verdicts(samples: Samples) -> Figures:
    """Return each role's slopes with their bounds, and how many of them are not flat."""
    figures: dict[str, Figure] = {}
    steep = 0
    for name in samples.names():
        lives = [looks for (who, _), looks in samples.lives.items() if who == name]
        for what in BOUNDS:
            level = LEVELS.get((what, name))
            judged = _slope(lives, what) if level is None else _level(lives, what, level)
            if judged is not None:
                figures[f"{what}_{name}"], is_flat = judged
                steep += not is_flat
    unit = f"of {len(figures)} slopes and levels (aim: 0)"
    return {"slopes_not_flat": Figure(steep, unit)} | figures


def _slope(lives: Sequence[Sequence[Look]], what: str) -> tuple[Figure, bool] | None:
    found = slope(lives, what)
    if found is None or found.hours < FEWEST_HOURS:
        return None
    unit = f"{UNITS[what]} an hour (aim: {BOUNDS[what]:g}), over {found.hours:.2f} h"
    return Figure(found.by_hour, unit), found.is_flat(what)


def _level(lives: Sequence[Sequence[Look]], what: str, bound: float) -> tuple[Figure, bool]:
    most = max(float(getattr(look, what)) for looks in lives for look in looks)
    return Figure(most, f"{UNITS[what]} at most (aim: {bound:g})"), most <= bound
