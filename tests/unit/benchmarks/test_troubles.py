"""Who shall grow old is not killed any more."""

from itertools import pairwise, takewhile

from benchmarks.troubles import KILL, Trouble, timetable


def trouble(name: str) -> Trouble:
    """Return one that does nothing."""
    return name, lambda: None


KILLS = [trouble(f"{KILL} {n}") for n in range(9)]
OTHERS = [trouble("a hangs"), trouble("b is away")]


def test_each_is_killed_in_the_first_third_and_nobody_thereafter() -> None:
    strokes = timetable(KILLS, OTHERS, lasts=1800, every_seconds=60)
    found = [(at, name) for at, (name, _) in takewhile(lambda each: each[0] < 1800, strokes)]
    killed = {name: at for at, name in found if name.startswith(KILL)}
    assert len(killed) == len(KILLS)
    assert max(killed.values()) <= 600
    assert {name for at, name in found if at > 600} == {"a hangs", "b is away"}


def test_no_minute_is_without_a_trouble() -> None:
    strokes = timetable(KILLS, OTHERS, lasts=1800, every_seconds=60)
    times = [0, *(at for at, _ in takewhile(lambda each: each[0] <= 1800, strokes))]
    assert max(b - a for a, b in pairwise(times)) <= 60
