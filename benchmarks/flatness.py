"""Whether what a process takes grows with its age: a line through each of its lives.

Owns the bounds, which are said before anything is measured. Lives of one role share a slope and
have a level of their own: a restart is no fall, and a fresh process no rise. A process that has
just begun imports, loads and fills its caches; its first minutes are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Figures
from benchmarks.samples import Look, Samples

#: Seconds of a life that do not count, and looks that a life needs to say anything.
YOUNG_SECONDS, FEWEST_LOOKS = 120.0, 24
#: A handle more within two minutes would be thirty in an hour: that short, nothing is said.
FEWEST_HOURS = 0.1
#: Growth in an hour that is still flat: 1 MB a minute would be 1.4 GB a day.
BOUNDS = {"memory": 30.0, "handles": 6.0, "threads": 3.0}
UNITS = {"memory": "MB", "handles": "handles", "threads": "threads"}
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth an hour; `hours`: of all lives together, that it was seen in."""

    by_hour: float
    hours: float


def slope(lives: Sequence[Sequence[Look]], what: str) -> Slope | None:
    """Return the common slope of `lives` in `what`; None: none was old enough."""
    up = down = hours = 0.0
    for looks in lives:
        grown = [look for look in looks if look.age > YOUNG_SECONDS]
        if len(grown) < FEWEST_LOOKS:
            continue
        ages = [look.age / _HOUR for look in grown]
        values = [float(getattr(look, what)) for look in grown]
        age, value = sum(ages) / len(ages), sum(values) / len(values)
        up += sum((a - age) * (v - value) for a, v in zip(ages, values, strict=True))
        down += sum((a - age) ** 2 for a in ages)
        hours += ages[-1] - ages[0]
    return Slope(up / down, hours) if down else None


def verdicts(samples: Samples) -> Figures:
    """Return each role's slopes with their bounds, and how many of them are not flat."""
    figures: dict[str, Figure] = {}
    steep = looked_at = 0
    for name in samples.names():
        lives = [looks for (who, _), looks in samples.lives.items() if who == name]
        for what, bound in BOUNDS.items():
            found = slope(lives, what)
            if found is None or found.hours < FEWEST_HOURS:
                continue
            looked_at += 1
            steep += found.by_hour > bound
            unit = f"{UNITS[what]} an hour (aim: {bound:g}), over {found.hours:.2f} h"
            figures[f"{what}_{name}"] = Figure(found.by_hour, unit)
    return {"slopes_not_flat": Figure(steep, f"of {looked_at} slopes (aim: 0)"), **figures}
