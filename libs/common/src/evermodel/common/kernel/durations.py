"""Durations as people write them: ``"7d"``, ``"30m"``, ``"1h 30m"``, ``"90s"``."""

import re
from datetime import timedelta

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
#: Longer is a slip of the pen, and further than a calendar can count from some times.
MOST_DAYS = 36_525
_TERM = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)")


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` names.

    Raises:
        ValueError: `text` is not a sequence of number and unit (d, h, m, s, ms), or names more
            than a hundred years.
    """
    if not text.strip() or _TERM.sub("", text).strip():
        raise ValueError(f"{text!r} is not a duration: write a number and a unit, e.g. '7d', '30m'")
    seconds = sum(float(n) * _UNITS[unit] for n, unit in _TERM.findall(text))
    if seconds > MOST_DAYS * _UNITS["d"]:
        raise ValueError(f"expected a duration of at most {MOST_DAYS}d, a hundred years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back as `duration`."""
    rest, terms = duration.total_seconds(), []
    for unit, seconds in _UNITS.items():
        if unit == "ms":
            break
        whole, rest = divmod(rest, seconds)
        if whole:
            terms.append(f"{int(whole)}{unit}")
    if rest:
        terms.append(f"{round(rest * 1000)}ms")
    return " ".join(terms) or "0s"
